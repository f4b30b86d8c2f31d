-- Returns the health of a deployment: passed if every health check passed within the window, counted from its end. A
-- check still pending when the window closes counts as failed, which ops.v_gate_status computes and no row stores.
-- While people are asked about it, a failure is inconclusive; what they keep has passed.
-- Called by settle_health and gate_verdict. Locks and raises nothing. It is PL/pgSQL because a statement may not name a
-- value of an enum that the same transaction added.
create or replace function ops_private.judge_deployment(
    p_deployment ops.deployments
)
returns table (verdict ops.ops_gate_status, reason text)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_told record;
begin
    select t.verdict, t.reason into v_told
    from ops.release_gates as g
    cross join lateral ops_private.count_checks(
        g.id, g.required_checks, (p_deployment).id, (p_deployment).g4_deadline_at
    ) as t
    where g.release_id = (p_deployment).release_id and g.gate_code = 'G4';
    if not found then
        return;
    end if;
    return query select
        (case
            when (p_deployment).kept_at is not null then 'passed'
            when v_told.verdict = 'failed' and (p_deployment).decision_due_at is not null then 'inconclusive'
            when v_told.verdict = 'passed' and (p_deployment).status <> 'succeeded' then 'pending'
            else v_told.verdict::text
        end)::ops.ops_gate_status,
        format('deployment to %s, %s', (p_deployment).stage, case
            when (p_deployment).kept_at is not null
                then format('kept by %s: %s', (p_deployment).kept_by, (p_deployment).kept_reason)
            when v_told.verdict = 'failed' and (p_deployment).decision_due_at is not null
                then format('%s; a person decides by %s', v_told.reason, to_char(
                    (p_deployment).decision_due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
                ))
            else v_told.reason
        end);
end
$$;
comment on function ops_private.judge_deployment is 'Whether a deployment proved its health, within its window.';
revoke all on function ops_private.judge_deployment from public;
