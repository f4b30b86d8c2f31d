-- Changes the state of a deployment. Called by record_deployment_status, events and close_deployments after the
-- permission check. Locks the releases it concerns, then the deployment and its gate. Raises PT409 for an invalid
-- change. Repeating it is harmless.
create or replace function ops_private.move_deployment_to(
    p_deployment ops.deployments,
    p_status ops.deployment_status
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.releases as r
    where r.id = p_deployment.release_id or r.id = (
        select d.release_id from ops.deployments as d where d.id = p_deployment.rollback_of
    )
    order by r.id
    for no key update;
    update ops.deployments as d set status = p_status where d.id = p_deployment.id and d.status <> p_status;
end
$$;
comment on function ops_private.move_deployment_to is 'Moves a deployment to a state.';
revoke all on function ops_private.move_deployment_to from public;
