-- Returns the unfinished deployment of a release to a place, if there is one. Called by promote_release and
-- handle_deployment_event, which lock the project. Raises PT409 if another release is being deployed there.
create or replace function ops_private.deployment_at_work(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage
)
returns uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
begin
    select d.* into v_deployment from ops.deployments as d
    where
        d.project_id = p_release.project_id and d.stage = p_stage and d.status in ('pending', 'running')
        and d.environment_id is not distinct from p_environment_id;
    if v_deployment.release_id <> p_release.id then
        raise sqlstate 'PT409' using
            message = format('Release %s is on its way to %s', (
                select r.version from ops.releases as r where r.id = v_deployment.release_id
            ), p_stage),
            hint = 'Wait for its end.';
    end if;
    return v_deployment.id;
end
$$;
comment on function ops_private.deployment_at_work is 'The deployment that is bringing a release to a place.';
revoke all on function ops_private.deployment_at_work from public;
