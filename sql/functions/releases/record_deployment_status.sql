-- Records the status of a deployment: running, succeeded or failed.
-- Called by step deployment and events. Locks the releases it concerns, the deployment and its gate.
-- Raises PT404, PT403, and PT409 for an invalid change. Repeating it is harmless.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.record_deployment_status(
    deployment_id uuid,
    status ops.deployment_status
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_deployment ops.deployments := ops_private.require_deployment(record_deployment_status.deployment_id, 'deploy');
begin
    perform ops_private.move_deployment_to(v_deployment, record_deployment_status.status);
end
$$;
comment on function ops.record_deployment_status is 'Notes how a deployment goes.';
revoke all on function ops.record_deployment_status from public;
grant execute on function ops.record_deployment_status to service_role, ops_operator, sre;
