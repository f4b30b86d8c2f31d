-- Appends an event to the run's chain. Called by functions whose own statement does not write the event.
-- Locks the run's row; raises PT404 for an unknown run. A retry writes a second event.
create or replace function ops_private.write_event(
    p_run_id uuid,
    p_event_type ops.event_type,
    p_message text,
    p_payload jsonb default '{}'
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    with was as materialized (
        select r.id, r.event_count + 1 as seq, r.attempt, r.event_hash as prev_hash
        from ops.runs as r
        where r.id = p_run_id
        for no key update
    ), sealed as materialized (
        select was.*,
            ops.hash_event(was.prev_hash, was.id, was.seq, was.attempt, p_event_type, p_message, p_payload, v_now)
                as hash
        from was
    ), moved as (
        update ops.runs as r set event_count = s.seq, event_hash = s.hash
        from sealed as s
        where r.id = s.id
    )
    insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
    select s.id, s.seq, s.attempt, p_event_type, p_message, p_payload, v_now, s.prev_hash, s.hash
    from sealed as s;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
end
$$;
comment on function ops_private.write_event is 'Appends an event to a run''s chain.';
revoke all on function ops_private.write_event from public;
