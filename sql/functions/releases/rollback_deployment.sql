-- Rolls the newest deployment of a place back to the previous release: queues the run and returns the new deployment.
-- With p_with_data the data of before come back too, which loses what was written since; else the previous release gets
-- the data of now. No gate and no freeze blocks it. While it is at work, it returns the same deployment; the same key does
-- so for good, that of a request that joined it too.
-- Called by site reliability engineers and release managers. Locks the project, the release and its gates. Raises
-- PT404, PT403, PT400 without a reason, and PT409 if there is no previous release, its data are not kept, policy images
-- does not allow its image, or the key was used for another request.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.rollback_deployment(
    deployment_id uuid,
    reason text,
    p_requested_by text default null,
    p_with_data boolean default false,
    p_idempotency_key text default null
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
    v_asked jsonb := jsonb_build_object('reason', rollback_deployment.reason, 'with_data', p_with_data);
    v_former jsonb;
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
    -- The request that made a rollback is in its own columns, those that joined it are beside it.
    select d.id, coalesce(
        d.joined_requests -> p_idempotency_key, jsonb_build_object('reason', d.reason, 'with_data', d.with_data)
    ) into v_id, v_former
    from ops.deployments as d
    where d.rollback_of = v_undone.id and (d.idempotency_key = p_idempotency_key or d.joined_requests ? p_idempotency_key);
    if found and v_former <> v_asked then
        raise sqlstate 'PT409' using
            message = 'This Idempotency-Key was used for another request',
            detail = 'A key names one request within its deployment.', hint = 'Use a new key.';
    elsif found then
        return v_id;
    end if;
    update ops.deployments as d
    set joined_requests = case
        when p_idempotency_key is null then d.joined_requests
        else d.joined_requests || jsonb_build_object(p_idempotency_key, v_asked)
    end
    where d.rollback_of = v_undone.id and d.status in ('pending', 'running')
    returning d.id into v_id;
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
    perform ops_private.refuse_untrusted_release(v_release, v_undone.stage);
    v_id := ops_private.start_deployment(
        v_release, v_undone.environment_id, v_undone.stage, 'rollback: ' || rollback_deployment.reason, v_undone.id,
        rollback_deployment.reason, p_requested_by, p_with_data
    );
    update ops.deployments as d set idempotency_key = p_idempotency_key where d.id = v_id;
    return v_id;
end
$$;
comment on function ops.rollback_deployment is 'Takes a deployment back to the release that was there before.';
revoke all on function ops.rollback_deployment from public;
grant execute on function ops.rollback_deployment to service_role, ops_operator, sre, release_manager;
