-- sign_off_gate takes the digest of what was shown since; a second signature beside it would be ambiguous.
drop function if exists ops.sign_off_gate(uuid, ops.ops_gate_code, ops.ops_decision_type, jsonb, text, text);
comment on column ops.approvals.occurred_at is
'When the person decided: a rejection stays, an approval counts while what was shown then is so.';
-- A rejection stays: gates that were judged by a later decision of the same person are as the rejection left them.
update ops.release_gates as g
set
    merit = 'failed',
    status = case g.status when 'bypassed' then g.status else 'failed' end,
    reason = 'rejected by ' || r.names
from (
    select
        a.gate_id,
        string_agg(distinct a.approver_id, ', ' order by a.approver_id) as names
    from ops.approvals as a
    where a.decision = 'rejected'
    group by a.gate_id
) as r
where g.id = r.gate_id and g.merit <> 'failed';
