-- Shows every gate with its status at this moment: exceptions end and windows close without a write.
-- Functions that evaluate, promote or report read this view, so that all agree.
-- No `with`: a view that has one is not merged into the query that reads it, which then reads every gate.
create view ops.v_gate_status
with (security_invoker = true) as
select
    g.id as gate_id,
    g.release_id,
    r.project_id,
    r.version,
    g.gate_code,
    case
        when x.exception_id is not null then 'bypassed'::ops.ops_gate_status
        else g.merit_now
    end as status,
    g.merit_now as merit,
    g.reason,
    g.deadline_at,
    x.exception_id,
    x.exception_reason,
    x.granted_by,
    x.expires_at,
    x.is_break_glass,
    g.required_checks,
    g.quorum,
    g.window_seconds,
    g.evaluated_at,
    g.is_overdue,
    g.is_required
from ( -- noqa: ST05
    select
        o.*,
        case
            when o.merit = 'pending' and o.deadline_at < ops.right_now() then 'failed'::ops.ops_gate_status
            else o.merit
        end as merit_now,
        o.merit = 'pending' and coalesce(o.deadline_at < ops.right_now(), false) as is_overdue
    from ops.release_gates as o
) as g
join ops.releases as r on r.id = g.release_id
left join lateral (
    select
        e.id as exception_id,
        e.reason as exception_reason,
        e.granted_by,
        e.expires_at,
        bool_or(e.is_break_glass) over () as is_break_glass
    from ops.exceptions as e
    where
        e.gate_id = g.id and e.granted_at is not null and e.revoked_at is null
        and e.expires_at > ops.right_now()
        -- a rejection stays until a new exception
        and not exists (
            select from ops.approvals as a
            where a.gate_id = g.id and a.decision = 'rejected' and a.created_at >= e.granted_at
        )
    order by e.expires_at desc, e.id desc
    limit 1
) as x on true;
comment on view ops.v_gate_status is 'Gates as they stand now, with the exception that waives each, if one does.';
comment on column ops.v_gate_status.status is 'Bypassed while an exception is active, else the merit.';
comment on column ops.v_gate_status.merit is 'What checks and approvals say now, exceptions left aside.';
comment on column ops.v_gate_status.exception_id is 'The active exception that lasts longest.';
comment on column ops.v_gate_status.is_break_glass is 'Whether one of the active exceptions is broken glass.';
comment on column ops.v_gate_status.is_overdue is
'Whether it failed only because its window closed before anything decided it.';
comment on column ops.v_gate_status.is_required is 'Whether the policy asked for it when the release was made.';
comment on column ops.v_gate_status.reason is 'By what the merit was decided.';
revoke all on ops.v_gate_status from public, anon;
grant select on ops.v_gate_status to authenticated, service_role, ops_worker, ops_operator,
ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
