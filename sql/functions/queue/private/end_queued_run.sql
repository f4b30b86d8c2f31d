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
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_payload jsonb := jsonb_strip_nulls(jsonb_build_object(
        'from', 'queued', 'to', 'canceled', 'reason', p_reason, 'requested_by', p_requested_by
    ));
    v_message text := 'canceled' || coalesce(': ' || p_reason, '');
begin
    with was as materialized (
        select r.id, r.attempt, r.event_count + 1 as seq, r.event_hash as prev_hash
        from ops.runs as r
        where r.id = p_run_id and r.status = 'queued'
        for no key update
    ), moved as (
        update ops.runs as r
        set status = 'canceled', finished_at = v_now, error_message = p_reason, event_count = was.seq,
            event_hash = ops.hash_event(
                was.prev_hash, was.id, was.seq, was.attempt, 'state_change', v_message, v_payload, v_now
            )
        from was
        where r.id = was.id
        returning r.*, was.prev_hash
    )
    insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
    select m.id, m.event_count, m.attempt, 'state_change', v_message, v_payload, v_now, m.prev_hash, m.event_hash
    from moved as m;
    if not found then
        return false;
    end if;
    perform ops_private.end_data_work(p_run_id, coalesce(p_reason, 'canceled'));
    return true;
end
$$;
comment on function ops_private.end_queued_run is 'Cancels a run that still waits.';
revoke all on function ops_private.end_queued_run from public;
