-- Returns all that the approvers of a release are shown, as of a moment: what it is made of, and the newest result of
-- each check of its build; where policy requires a rehearsal, also whether one stands.
-- Called by digest_of_shown and changed_since. Locks and raises nothing.
create or replace function ops_private.shown_of(
    p_release_id uuid,
    p_at timestamptz
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    'version', r.version, 'git_shas', r.git_shas, 'image_digest', r.image_digest, 'lock_digest', r.lock_digest,
    'checks', coalesce((
        select jsonb_object_agg(l.name, l.status)
        from (
            select distinct on (c.name)
                c.name,
                c.status
            from ops.gate_checks as c
            join ops.release_gates as g on g.id = c.gate_id
            where g.release_id = r.id and g.gate_code = 'G1' and c.occurred_at <= p_at
            order by c.name, c.occurred_at desc, c.created_at desc, c.id desc
        ) as l
    ), '{}')
) || case when ops_private.rules_in_force(r.project_id, 'promotion') ->> 'rehearsal' = 'required' then
    jsonb_build_object('rehearsal', (select h.status from ops_private.rehearsal_of(r.id, p_at) as h))
else '{}' end
from ops.releases as r
where r.id = p_release_id
$$;
comment on function ops_private.shown_of is 'All that the approvers of a release are shown.';
revoke all on function ops_private.shown_of from public;
