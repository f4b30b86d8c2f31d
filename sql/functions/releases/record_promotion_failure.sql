-- Records that a promotion failed before people were let in, and that the release and the data of before serve again:
-- fails the deployment, records the rollback of it, and opens an incident, in one transaction. Returns the incident.
-- A fault of the platform, such as a database that was lost, says nothing of the release: no rollback is recorded, and the
-- release may be promoted again.
-- Called by step promote after it restored the service. Locks what move_deployment_to locks. Raises PT404, PT410, and
-- PT409 if the environment serves the promoted release already.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_promotion_failure(
    p_run_id uuid,
    p_attempt int,
    p_reason text,
    p_is_of_platform boolean default false
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.lock_promotion(p_run_id, p_attempt);
    v_environment ops.environments;
    v_release ops.releases;
    v_before ops.releases;
    v_incident_id uuid;
begin
    select e.* into v_environment from ops.environments as e where e.id = v_deployment.environment_id;
    select r.* into v_release from ops.releases as r where r.id = v_deployment.release_id;
    if v_environment.deployed_run_id = p_run_id then
        raise sqlstate 'PT409' using
            message = format('Release %s serves in %s already', v_release.version, v_environment.partition_key),
            hint = 'Roll it back: ops rollback.';
    end if;
    perform ops_private.move_deployment_to(v_deployment, 'failed');
    select r.* into v_before from ops.releases as r where r.id = ops_private.release_before(v_deployment.id);
    if found and not p_is_of_platform and v_deployment.rollback_of is null and ops_private.serves_release(v_environment.id, v_before) then
        perform ops_private.record_rollback(v_deployment, v_before, p_reason);
    end if;
    insert into ops.incidents (project_id, deployment_id, severity, title, description, opened_by)
    values (
        v_deployment.project_id, v_deployment.id, 'major',
        format('Release %s did not reach %s', v_release.version, v_environment.partition_key),
        format('%s. The release and the data of before serve again; nobody worked in the new ones.%s', p_reason,
            case when p_is_of_platform then ' The fault is the platform''s: the release may be promoted again.' else '' end),
        coalesce(ops.caller_id(), ops.caller_role())
    )
    returning id into v_incident_id;
    return v_incident_id;
end
$$;
comment on function ops.record_promotion_failure is 'Records that a promotion failed and was rolled back.';
revoke all on function ops.record_promotion_failure from public;
grant execute on function ops.record_promotion_failure to service_role, ops_worker;
