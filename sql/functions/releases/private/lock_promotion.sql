-- Returns the unfinished deployment of a promote run's current attempt. Called by functions that record its progress.
-- Locks the run, then the project, as promote_release does. Raises PT404, PT410, and PT409 without such a deployment.
create or replace function ops_private.lock_promotion(
    p_run_id uuid,
    p_attempt int
)
returns ops.deployments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_deployment ops.deployments;
begin
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    select d.* into v_deployment from ops.deployments as d
    where d.run_id = p_run_id and d.status in ('pending', 'running') and d.environment_id = v_run.environment_id;
    if not found or v_run.kind <> 'promote' then
        raise sqlstate 'PT409' using
            message = format('No deployment waits for run #%s', v_run.run_number),
            hint = 'Promote a release: ops promote.';
    end if;
    return v_deployment;
end
$$;
comment on function ops_private.lock_promotion is 'The deployment that a promote run carries out.';
revoke all on function ops_private.lock_promotion from public;
