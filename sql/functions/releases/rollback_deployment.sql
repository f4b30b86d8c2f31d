-- Rolls the newest deployment of a place back to the previous release: queues the run and returns the new deployment.
-- With p_with_data the data of before come back too, which loses what was written since; else the previous release gets
-- the data of now. No gate and no freeze blocks it. While it is at work, it returns the same deployment.
-- Called by site reliability engineers and release managers. Locks the project, the release and its gates. Raises
-- PT404, PT403, PT400 without a reason, and PT409 if there is no previous release or its data are not kept.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.rollback_deployment(
    deployment_id uuid,
    reason text,
    p_requested_by text default null,
    p_with_data boolean default false
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_undone ops.deployments := ops_private.require_deployment(rollback_deployment.deployment_id, 'read');
    v_release ops.releases;
    v_id uuid;
begin
    if not ops.has_permission(v_undone.project_id, 'promote') then
        perform ops_private.require_permission(v_undone.project_id, 'deploy');
    end if;
    if btrim(coalesce(rollback_deployment.reason, '')) = '' then
        raise sqlstate 'PT400' using
            message = 'A rollback has a reason', hint = 'Say what went wrong.';
    end if;
    perform from ops.projects as p where p.id = v_undone.project_id for no key update;
    select d.id into v_id from ops.deployments as d
    where d.rollback_of = v_undone.id and d.status in ('pending', 'running');
    if found then
        return v_id;
    end if;
    select r.* into v_release from ops.releases as r where r.id = ops_private.release_before(v_undone.id);
    if not found then
        raise sqlstate 'PT409' using
            message = 'There is nothing to roll this deployment back to',
            detail = 'It is still at work, not the newest of its environment, or nothing was there before it.',
            hint = 'Roll back the newest deployment, or promote another release.';
    end if;
    if p_with_data and not ops_private.keeps_data_before(v_undone) then
        raise sqlstate 'PT409' using
            message = 'The data from before this deployment are not kept',
            detail = 'It changed no module, so that its data are those of now, or the time for which they are kept is over.',
            hint = 'Roll back the code alone, or restore a backup: ops backup restore.';
    end if;
    return ops_private.start_deployment(
        v_release, v_undone.environment_id, v_undone.stage, 'rollback: ' || rollback_deployment.reason, v_undone.id,
        rollback_deployment.reason, p_requested_by, p_with_data
    );
end
$$;
comment on function ops.rollback_deployment is 'Takes a deployment back to the release that was there before.';
revoke all on function ops.rollback_deployment from public;
grant execute on function ops.rollback_deployment to service_role, ops_operator, sre, release_manager;
