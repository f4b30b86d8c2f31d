-- Queues an ended run again, as a new run that refers to the one it repeats. Called by `ops run retry` and
-- people. Locks the project's counter. Raises PT404, PT403, and PT409 for a run that has not ended. Each
-- call queues another run, except one with the same idempotency key.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.retry_run(
    p_run_id uuid,
    p_requested_by text default null,
    p_idempotency_key text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.run_to_change(p_run_id);
    v_priority int := v_run.priority;
    v_branch text;
    v_request ops.run_requests;
begin
    if v_run.finished_at is null then
        raise sqlstate 'PT409' using
            message = format('Run #%s is %s', v_run.run_number, v_run.status),
            hint = 'Wait for its end, or cancel it first: ops.cancel_run.';
    end if;
    if not ops.has_permission(v_run.project_id, 'manage') then
        v_priority := least(v_priority, 0); -- what was pressing then need not be now
    end if;
    select e.name into v_branch from ops.environments as e where e.id = v_run.environment_id;
    select q.* into v_request from ops.run_requests as q where q.run_id = v_run.id;
    return ops.queue_run(
        v_run.project_id, v_branch, v_run.git_sha, v_run.git_ref, p_kind => v_run.kind, p_trigger => 'retry',
        p_requested_by => p_requested_by, p_priority => v_priority,
        p_idempotency_key => p_idempotency_key, p_config => v_request.config, p_max_attempts => v_run.max_attempts, p_retry_of => v_run.id,
        p_workflow_id => v_request.workflow_id
    );
end
$$;
comment on function ops.retry_run is 'Queues an ended run again.';
revoke all on function ops.retry_run from public;
grant execute on function ops.retry_run to authenticated, service_role, ops_operator;
grant execute on function ops.retry_run to ci_service_role, developer;
