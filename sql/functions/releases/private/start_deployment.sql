-- Inserts a deployment and queues its run, which no other door queues. Called by promote_release and
-- rollback_deployment, which lock the project; only the platform may name somebody else as the requester. Where the
-- platform deploys itself, the run makes the backup. Raises PT409 if another production has no fresh backup and no
-- reason is given, and what queue_run and the trigger of deployments raise.
create or replace function ops_private.start_deployment(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage,
    p_no_backup_reason text,
    p_rollback_of uuid,
    p_reason text,
    p_requested_by text,
    p_with_data boolean default false
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid := gen_random_uuid();
    v_is_hosted boolean := ops_private.is_hosted(p_environment_id);
    v_backup_id uuid := case
        when not v_is_hosted then ops_private.backup_to_return_to(p_release.project_id, p_environment_id)
    end;
    v_run_id uuid;
begin
    if p_stage = 'production' and not v_is_hosted and v_backup_id is null and p_no_backup_reason is null then
        raise sqlstate 'PT409' using
            message = 'Production has no verified backup that is fresh enough',
            detail = format('Policy promotion.backup_max_age_hours is %s.',
                ops_private.rules_in_force(p_release.project_id, 'promotion') ->> 'backup_max_age_hours'),
            hint = 'Take one: ops backup create; or say why there is none: p_no_backup_reason.';
    end if;
    insert into ops.deployments (
        id, project_id, release_id, environment_id, stage, image_digest, git_shas, backup_id, no_backup_reason,
        rollback_of, with_data, reason, requested_by
    )
    values (
        v_id, p_release.project_id, p_release.id, p_environment_id, p_stage, p_release.image_digest, p_release.git_shas,
        v_backup_id, case when v_backup_id is null then p_no_backup_reason end, p_rollback_of, p_with_data,
        p_reason, coalesce(case when ops.is_platform() then p_requested_by end, ops.caller_id(), ops.caller_role())
    );
    v_run_id := ops.queue_run(
        p_release.project_id, (select e.name from ops.environments as e where e.id = p_environment_id),
        ops_private.project_git_sha(p_release), p_release.version, 'promote',
        case when ops.is_platform() then 'promotion' else 'api' end,
        coalesce(p_requested_by, ops.caller_name()),
        p_config => jsonb_build_object(
            'deployment_id', v_id, 'release_id', p_release.id, 'version', p_release.version, 'stage', p_stage,
            'image_digest', p_release.image_digest, 'git_shas', p_release.git_shas, 'rollback_of', p_rollback_of,
            'with_data', p_with_data
        )
    );
    update ops.deployments as d set run_id = v_run_id where d.id = v_id;
    return v_id;
end
$$;
comment on function ops_private.start_deployment is 'Writes a deployment down and queues its run.';
revoke all on function ops_private.start_deployment from public;
