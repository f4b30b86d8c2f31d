-- Tells the gates that a run is about to deploy its release to a staging, and returns the answer, with the
-- deployment's id; null for a run that deploys no release there. The answer is a refusal where the gates do not allow
-- it. Gate G1 is told of the build first. The run's end tells the rest.
-- Called by step deployment before it puts a build in place. Locks the run, the project, and what a deployment locks.
-- Raises PT404 and PT410 for the attempt. A retry returns the same deployment.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.announce_deployment(
    p_run_id uuid,
    p_attempt int
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_release ops.releases := ops_private.release_of_run(v_run);
    v_environment text := (
        select e.partition_key from ops.environments as e where e.id = v_run.environment_id and e.stage = 'staging'
    );
begin
    if v_run.kind <> 'deploy' or v_release.id is null or v_environment is null then
        return null;
    end if;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    perform ops.close_deployments(v_run.project_id);
    perform ops_private.tell_build(v_run, v_release);
    return ops_private.answer_event(
        ops_private.own_envelope(v_run, v_release, 'deployment_event', jsonb_build_object(
            'environment', v_environment, 'status', 'running'
        ), 'running'),
        null, v_run.id
    );
end
$$;
comment on function ops.announce_deployment is 'Tells the gates that a run is about to deploy its release.';
revoke all on function ops.announce_deployment from public;
grant execute on function ops.announce_deployment to service_role, ops_worker;
