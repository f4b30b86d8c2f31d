-- Returns what stands of the decisions on a gate, one of each person, and on the other gate too where persons count for
-- one of both: a rejection if the person ever rejected, else the newest approval, with why it does not count: what
-- changed since, or that it is not signed where policy asks for that.
-- Called by count_approvals. Locks and raises nothing.
create or replace function ops_private.standing_decisions(p_gate ops.release_gates)
returns table (is_here boolean, person text, approver_id text, decision ops.ops_decision_type, changed text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select distinct on (a.gate_code, ops.person_of(a.approver_id))
    a.gate_code = (p_gate).gate_code,
    ops.person_of(a.approver_id),
    a.approver_id,
    a.decision,
    coalesce(
        'since then ' || ops_private.changed_since(a.release_id, a.occurred_at),
        case when a.key_id is null and (
            select ops_private.rules_in_force(r.project_id, 'gates') ->> 'signatures' from ops.releases as r
            where r.id = a.release_id
        ) = 'required' then 'not signed' end
    )
from ops.approvals as a
where
    a.release_id = (p_gate).release_id and (a.gate_id = (p_gate).id or (p_gate).is_distinct)
    and ops.person_of(a.approver_id) is distinct from ops.person_of(a.release_author)
order by a.gate_code, ops.person_of(a.approver_id), a.decision desc, a.occurred_at desc, a.created_at desc, a.id desc
$$;
comment on function ops_private.standing_decisions is 'The decision of each person on a gate that stands.';
revoke all on function ops_private.standing_decisions from public;
