-- Records the rollback of a failed deployment that is done already: the release of before serves with its own data.
-- Called by record_promotion_failure, which locked the project. Locks what a deployment locks. Raises PT409 as the
-- trigger of deployments does.
create or replace function ops_private.record_rollback(
    p_failed ops.deployments,
    p_release ops.releases,
    p_reason text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rollback ops.deployments;
begin
    insert into ops.deployments as d (
        project_id, release_id, environment_id, stage, image_digest, git_shas, backup_id, no_backup_reason, rollback_of,
        with_data, reason, run_id, requested_by
    )
    values (
        p_release.project_id, p_release.id, p_failed.environment_id, p_failed.stage, p_release.image_digest,
        p_release.git_shas, p_failed.backup_id, p_failed.no_backup_reason, p_failed.id, true, p_reason,
        p_failed.run_id, coalesce(ops.caller_id(), ops.caller_role())
    )
    returning d.* into v_rollback;
    perform ops_private.move_deployment_to(v_rollback, 'succeeded');
end
$$;
comment on function ops_private.record_rollback is 'Records a rollback that is done already.';
revoke all on function ops_private.record_rollback from public;
