-- Returns the deployment to a caller with this permission in its project. Called by the RPCs of deployments.
-- Locks nothing. Raises PT404 if it does not exist or the caller may not see it, PT403 if the caller may only read it.
create or replace function ops_private.require_deployment(
    p_deployment_id uuid,
    p_permission text
)
returns ops.deployments
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
begin
    select d.* into v_deployment from ops.deployments as d where d.id = p_deployment_id;
    if not found or not ops.has_permission(v_deployment.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such deployment', hint = 'List them: select id, status from ops.deployments.';
    end if;
    perform ops_private.require_permission(v_deployment.project_id, p_permission);
    return v_deployment;
end
$$;
comment on function ops_private.require_deployment is 'The deployment, to who may do this with it.';
revoke all on function ops_private.require_deployment from public;
