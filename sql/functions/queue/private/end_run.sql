-- Ends the attempt and what it left unfinished, and returns whether there was one to end: every end of work goes through
-- it. A null worker or Dagster run means any. Locks the run's row. A retry finds nothing to end.
create or replace function ops_private.end_run(
    p_run_id uuid,
    p_attempt int,
    p_status ops.run_status,
    p_exit_code int,
    p_error_message text,
    p_worker_id text default null,
    p_dagster_run_id text default null,
    p_fault text default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_from ops.run_status[] := case p_status
        when 'succeeded' then '{running}'::ops.run_status[] else '{claimed,running}'::ops.run_status[]
    end;
begin
    if ops_private.move_runs(
        array[p_run_id], v_from, p_status, p_status::text || coalesce(': ' || p_error_message, ''),
        jsonb_build_object('exit_code', p_exit_code, 'fault', p_fault),
        p_attempt => p_attempt, p_holder => p_worker_id, p_dagster_run_id => p_dagster_run_id,
        p_exit_code => p_exit_code, p_error_message => p_error_message, p_fault => p_fault
    ) = 0 then
        return false;
    end if;
    if p_status = 'failed' then
        perform ops_private.fail_pending_environment(p_run_id);
    end if;
    return ops_private.settle_end(p_run_id, p_error_message);
end
$$;
comment on function ops_private.end_run is 'Ends an attempt with its event.';
revoke all on function ops_private.end_run from public;
