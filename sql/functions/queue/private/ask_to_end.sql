-- Records that a run at work shall end, unless that was recorded before: its worker receives it at the next heartbeat.
-- Called by cancel_run and supersede_runs. Locks the run's row. A retry is harmless.
create or replace function ops_private.ask_to_end(
    p_run_id uuid,
    p_reason text,
    p_requested_by text default null
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.runs as r set cancel_requested_at = clock_timestamp()
    where r.id = p_run_id and r.status in ('claimed', 'running') and r.cancel_requested_at is null;
    if found then
        perform ops_private.write_event(
            p_run_id, 'info', 'cancel requested' || coalesce(': ' || p_reason, ''),
            jsonb_strip_nulls(jsonb_build_object('reason', p_reason, 'requested_by', p_requested_by))
        );
    end if;
end
$$;
comment on function ops_private.ask_to_end is 'Asks a run at work to end.';
revoke all on function ops_private.ask_to_end from public;
