-- Cancels a run that still waits, and returns whether it did. Called by cancel_run, supersede_runs and other functions
-- that clear the queue.
-- Locks the run's row; skips a run that was claimed meanwhile. A retry finds nothing to cancel.
create or replace function ops_private.end_queued_run(
    p_run_id uuid,
    p_reason text,
    p_requested_by text default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if ops_private.move_runs(
        array[p_run_id], '{queued}', 'canceled', 'canceled' || coalesce(': ' || p_reason, ''),
        jsonb_build_object('reason', p_reason, 'requested_by', p_requested_by), p_error_message => p_reason
    ) = 0 then
        return false;
    end if;
    return ops_private.settle_end(p_run_id, coalesce(p_reason, 'canceled'), p_is_waiting => true);
end
$$;
comment on function ops_private.end_queued_run is 'Cancels a run that still waits.';
revoke all on function ops_private.end_queued_run from public;
