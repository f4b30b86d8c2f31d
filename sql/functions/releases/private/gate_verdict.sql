-- Returns the verdict on a gate's facts without exceptions, its basis, and the time until which it can still change.
-- Called by evaluate_gate_row, which locks the gate's row. Locks and raises nothing.
create or replace function ops_private.gate_verdict(
    p_gate ops.release_gates
)
returns table (merit ops.ops_gate_status, reason text, deadline_at timestamptz)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
    v_checks record;
    v_approvals record;
begin
    if p_gate.gate_code = 'G4' then
        -- a failed deployment has nothing whose health could be checked
        select d.* into v_deployment from ops.deployments as d
        where d.release_id = p_gate.release_id and d.status <> 'failed'
        order by d.created_at desc, d.id desc
        limit 1;
        if not found then
            return query select 'pending'::ops.ops_gate_status, 'not deployed yet', null::timestamptz;
            return;
        end if;
        return query select j.verdict, j.reason, v_deployment.g4_deadline_at from ops_private.judge_deployment(v_deployment) as j;
        return;
    end if;
    select 'passed'::ops.ops_gate_status as verdict, null::text as reason into v_approvals;
    v_checks := v_approvals;
    if p_gate.gate_code in ('G2', 'G3') then
        select t.verdict, t.reason into v_approvals from ops_private.count_approvals(p_gate) as t;
    end if;
    if p_gate.gate_code = 'G1' or p_gate.required_checks <> '{}' then
        select t.verdict, t.reason into v_checks from ops_private.count_checks(p_gate.id, p_gate.required_checks) as t;
    end if;
    return query select
        case
            when 'failed' in (v_approvals.verdict, v_checks.verdict) then 'failed'::ops.ops_gate_status
            when 'pending' in (v_approvals.verdict, v_checks.verdict) then 'pending'
            else 'passed'
        end,
        concat_ws('; ', v_approvals.reason, v_checks.reason), null::timestamptz;
end
$$;
comment on function ops_private.gate_verdict is 'The verdict on a gate''s facts, without exceptions.';
revoke all on function ops_private.gate_verdict from public;
