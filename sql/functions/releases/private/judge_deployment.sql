-- Returns the health of a deployment: passed if every health check passed within the window, counted from its end. A
-- check still pending when the window closes counts as failed, which ops.v_gate_status computes and no row stores.
-- Locks and raises nothing.
create or replace function ops_private.judge_deployment(
    p_deployment ops.deployments
)
returns table (verdict ops.ops_gate_status, reason text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    case
        when t.verdict = 'passed' and (p_deployment).status <> 'succeeded' then 'pending'::ops.ops_gate_status
        else t.verdict
    end,
    format('deployment to %s, %s', (p_deployment).stage, t.reason)
from ops.release_gates as g
cross join lateral ops_private.count_checks(
    g.id, g.required_checks, (p_deployment).id, (p_deployment).g4_deadline_at
) as t
where g.release_id = (p_deployment).release_id and g.gate_code = 'G4'
$$;
comment on function ops_private.judge_deployment is 'Whether a deployment proved its health, within its window.';
revoke all on function ops_private.judge_deployment from public;
