-- Ends a run: exit code 0 is success, any other is failure, p_canceled is a completed cancel. Without p_attempt it
-- means attempt 1. p_fault says whose fault a failure is: project, unless it is told to be the platform's.
-- Called by the worker that owns the run. Locks the run's row. Raises PT404, PT400 without an exit code or for another
-- fault, PT410 if the
-- attempt is over, PT409 if the run ended otherwise or never started. Repeating it with the same result does nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.complete_workflow_run(
    p_run_id uuid,
    p_exit_code int,
    p_error_message text default null,
    p_attempt int default null,
    p_worker_id text default null,
    p_canceled boolean default false,
    p_fault text default null
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := coalesce(p_attempt, 1);
    v_run ops.runs;
    v_status ops.run_status := case
        when p_canceled then 'canceled' when p_exit_code = 0 then 'succeeded' else 'failed'
    end;
begin
    if p_exit_code is null and not p_canceled then
        raise sqlstate 'PT400' using
            message = 'A run ends with an exit code',
            hint = 'Pass p_exit_code: 0 for success, anything else for failure.';
    end if;
    if coalesce(p_fault, 'project') not in ('project', 'platform') then
        raise sqlstate 'PT400' using
            message = format('A run is not the fault of %s', p_fault), hint = 'Pass project or platform as p_fault.';
    end if;
    if ops_private.end_run(
        p_run_id, v_attempt, v_status, p_exit_code, p_error_message, p_worker_id,
        p_fault => case v_status when 'failed' then coalesce(p_fault, 'project') end
    ) then
        return v_status;
    end if;
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    if v_run.id is null or v_run.attempt <> v_attempt or v_run.claimed_by is null or v_run.status = 'queued'
        or v_run.claimed_by <> p_worker_id then
        perform ops_private.refuse_attempt(p_run_id, v_attempt);
    end if;
    if v_run.status = v_status and v_run.exit_code is not distinct from p_exit_code then
        return v_status;
    end if;
    raise sqlstate 'PT409' using
        message = format('Run #%s is %s and cannot become %s', v_run.run_number, v_run.status, v_status),
        hint = case
            when v_run.status = 'claimed' then 'Start it first: ops.start_workflow_run.'
            else 'An ended run stays as it is; queue it again with ops.retry_run.'
        end;
end
$$;
comment on function ops.complete_workflow_run is 'Ends a run as its owner.';
revoke all on function ops.complete_workflow_run from public;
grant execute on function ops.complete_workflow_run to service_role, ops_worker;
