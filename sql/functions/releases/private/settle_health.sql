-- Evaluates the health of a deployment again and stores the verdict.
-- Called when a check or the end of the deployment is recorded. Locks the deployment's row; does nothing without a
-- deployment. A retry is harmless.
create or replace function ops_private.settle_health(
    p_deployment_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
begin
    select d.* into v_deployment from ops.deployments as d where d.id = p_deployment_id for no key update;
    update ops.deployments as d set g4_status = j.verdict
    from ops_private.judge_deployment(v_deployment) as j
    where d.id = v_deployment.id;
end
$$;
comment on function ops_private.settle_health is 'Judges the health of a deployment anew.';
revoke all on function ops_private.settle_health from public;
