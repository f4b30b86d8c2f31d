-- Starts the deployment of a promote run, after the backup and before anything changes: asks the gates once more, notes
-- the backup to which one could return, and moves the deployment to running. Called by step promote.
-- Locks the run, the project, the release and its gates. Raises PT404, PT410, and PT409 if the release is not eligible
-- any more, and for a production without a verified backup. A retry of the attempt, or another attempt, is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.start_promotion(
    p_run_id uuid,
    p_attempt int,
    p_backup_id uuid default null
)
returns ops.deployments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.lock_promotion(p_run_id, p_attempt);
begin
    perform from ops.releases as r where r.id = v_deployment.release_id for no key update;
    perform from ops.release_gates as g where g.release_id = v_deployment.release_id order by g.gate_code for no key update;
    if v_deployment.rollback_of is null then
        perform ops_private.refuse_ineligible(v_deployment.release_id, v_deployment.stage);
    end if;
    if v_deployment.backup_id is null and p_backup_id is not null then
        update ops.deployments as d set backup_id = b.id
        from ops.backups as b
        where
            d.id = v_deployment.id and b.id = p_backup_id and b.environment_id = d.environment_id
            and b.status = 'verified'
        returning d.* into v_deployment;
    end if;
    if v_deployment.id is null
        or v_deployment.stage = 'production' and v_deployment.backup_id is null
        and v_deployment.no_backup_reason is null then
        raise sqlstate 'PT409' using
            message = 'Production is not promoted over without a verified backup of it',
            hint = 'Look at it: ops backup list.';
    end if;
    perform ops_private.move_deployment_to(v_deployment, 'running');
    select d.* into v_deployment from ops.deployments as d where d.id = v_deployment.id;
    return v_deployment;
end
$$;
comment on function ops.start_promotion is 'Starts a promotion, once there is a way back.';
revoke all on function ops.start_promotion from public;
grant execute on function ops.start_promotion to service_role, ops_worker;
