-- Cancels a waiting run at once; for a run at work it records a cancel request, which the worker receives at the next
-- heartbeat. Called by `ops run cancel` and people. Locks the run's row. Raises PT404, PT403, and PT409 for a run that
-- ended otherwise. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.cancel_run(
    p_run_id uuid,
    p_reason text default null,
    p_requested_by text default null
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.run_to_change(p_run_id);
    v_by text := p_requested_by;
begin
    if not ops.is_platform() then
        v_by := ops.caller_name();
    end if;
    if ops_private.end_queued_run(p_run_id, p_reason, v_by) then
        return 'canceled';
    elsif v_run.status in ('succeeded', 'failed') then
        raise sqlstate 'PT409' using
            message = format('Run #%s is %s already', v_run.run_number, v_run.status),
            hint = 'Nothing is left to cancel; queue it again with ops.retry_run.';
    end if;
    perform ops_private.ask_to_end(p_run_id, p_reason, v_by);
    return v_run.status;
end
$$;
comment on function ops.cancel_run is 'Cancels a waiting run, or asks a working one to end.';
revoke all on function ops.cancel_run from public;
grant execute on function ops.cancel_run to authenticated, service_role, ops_operator;
grant execute on function ops.cancel_run to ci_service_role, developer, sre, release_manager;
