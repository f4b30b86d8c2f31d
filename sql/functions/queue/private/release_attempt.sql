-- Ends an attempt, not necessarily its run: the run returns to the front of the queue while attempts are left, else it
-- fails; it is canceled if a cancel was requested or a newer push of the environment already waits. A run whose work
-- had not started waits longer each time; when it is given up, an incident is opened. Locks the run's row; returns
-- nothing if the attempt is already over.
create or replace function ops_private.release_attempt(
    p_run_id uuid,
    p_attempt int,
    p_reason text,
    p_only_expired boolean
)
returns ops.run_status
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_status ops.run_status;
    v_in_vain int;
begin
    with was as materialized (
        select r as run from ops.runs as r
        where
            r.id = p_run_id and r.attempt = p_attempt and r.status in ('claimed', 'running')
            and (not p_only_expired or r.lease_expires_at < v_now)
        for no key update
    ), sealed as materialized (
        select (was.run).id, (was.run).attempt, (was.run).priority, (was.run).event_count + 1 as seq,
            (was.run).event_hash as prev_hash, a.next_status, a.not_before, a.in_vain,
            format('%s: %s', a.next_status, p_reason) as message,
            jsonb_build_object(
                'from', (was.run).status, 'to', a.next_status, 'reason', p_reason, 'worker', (was.run).claimed_by
            ) as payload
        from was, ops_private.after_attempt(was.run, v_now) as a
    ), moved as (
        update ops.runs as r
        set status = s.next_status, claimed_by = null, lease_expires_at = null,
            turn = case when s.next_status = 'queued' then ops_private.first_turn(s.priority, r.turn) else r.turn end,
            dagster_run_id = case when s.next_status = 'queued' then null else r.dagster_run_id end,
            claimed_at = case when s.next_status = 'queued' then null else r.claimed_at end,
            started_at = case when s.next_status = 'queued' then null else r.started_at end,
            finished_at = case when s.next_status = 'queued' then null else v_now end,
            not_before = s.not_before,
            error_message = case
                when s.next_status = 'queued' then null
                when s.next_status = 'failed' and s.in_vain > 1
                    then format('could not be started, %s times in vain: %s', s.in_vain, p_reason)
                else p_reason
            end,
            event_count = s.seq,
            event_hash = ops.hash_event(
                s.prev_hash, s.id, s.seq, s.attempt, 'state_change', s.message, s.payload, v_now
            )
        from sealed as s
        where r.id = s.id
        returning r.*, s.prev_hash, s.message, s.payload, s.in_vain
    ), event as (
        insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
        select m.id, m.event_count, m.attempt, 'state_change', m.message, m.payload, v_now, m.prev_hash, m.event_hash
        from moved as m
    )
    select m.status, m.in_vain into v_status, v_in_vain from moved as m;
    if v_status = 'failed' and v_in_vain > 1 then
        perform ops_private.open_incident_of_launches(p_run_id);
    end if;
    if v_status = 'queued' and ops_private.cancel_if_superseded(p_run_id) then
        return 'canceled';
    elsif v_status in ('failed', 'canceled') then
        perform ops_private.end_data_work(p_run_id, p_reason);
    end if;
    return v_status;
end
$$;
comment on function ops_private.release_attempt is 'Ends an attempt: the run is queued again, failed or canceled.';
revoke all on function ops_private.release_attempt from public;
