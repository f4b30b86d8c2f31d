-- Lists the gates of people that were judged before the rehearsal on which their approvals rest expired.
-- Called by settle_gates. Locks and raises nothing.
create or replace function ops_private.gates_of_expired_rehearsals()
returns setof uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select g.id
from ops.releases as r
join ops.release_gates as g on g.release_id = r.id and g.gate_code in ('G2', 'G3') and g.merit = 'passed'
cross join lateral ops_private.rehearsal_of(r.id) as h
where
    r.status in ('candidate', 'staging') and exists (select from ops.rehearsals as e where e.release_id = r.id)
    and h.status = 'expired' and g.evaluated_at < h.expires_at
    and ops_private.rules_in_force(r.project_id, 'promotion') ->> 'rehearsal' = 'required'
$$;
comment on function ops_private.gates_of_expired_rehearsals is 'Gates whose approvals rest on an expired rehearsal.';
revoke all on function ops_private.gates_of_expired_rehearsals from public;
