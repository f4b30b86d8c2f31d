-- Moves runs to a state, each with its event in the same statement, and returns how many it moved: the only writer of a
-- run's state. Each state has its columns: a run at work has a worker and a lease, a waiting run has neither, an ended
-- run has its end, and keeps its worker unless the worker lost its lease.
-- It moves only what is still as the caller believes: in one of the states p_from, at p_attempt, held by p_holder and of
-- p_dagster_run_id or of no Dagster run yet; null means any, and an empty Dagster run means none. p_message and
-- p_payload are the event's; the states and the worker are added. A failed run whose p_fault is not told is the
-- platform's fault.
-- Called by every function that changes a run's state. Locks the runs. A retry moves nothing. Raises PT409 for a change
-- that check_run_invariants refuses, and unique_violation for a second run at work on an environment.
create or replace function ops_private.move_runs(
    p_run_ids uuid[],
    p_from ops.run_status[],
    p_to ops.run_status,
    p_message text,
    p_payload jsonb default '{}',
    p_attempt int default null,
    p_holder text default null,
    p_dagster_run_id text default null,
    p_worker_id text default null,
    p_lease_seconds int default null,
    p_exit_code int default null,
    p_error_message text default null,
    p_not_before timestamptz default null,
    p_is_lease_lost boolean default false,
    p_fault text default null
)
returns int
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_is_taken boolean := p_to in ('claimed', 'running');
    v_count int;
begin
    with event as (
        insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
        select
            was.id, was.seq, was.attempt, 'state_change', p_message, was.payload, v_now, was.prev_hash,
            ops.hash_event(was.prev_hash, was.id, was.seq, was.attempt, 'state_change', p_message, was.payload, v_now)
        from (
            select r.id, r.event_count + 1 as seq, r.event_hash as prev_hash,
                r.attempt + (v_is_taken and r.status = 'queued')::int as attempt,
                jsonb_strip_nulls(jsonb_build_object(
                    'from', r.status, 'to', p_to, 'worker', coalesce(p_worker_id, r.claimed_by)
                ) || p_payload) as payload
            from ops.runs as r
            where
                r.id = any (p_run_ids) and r.status = any (p_from)
                and (p_attempt is null or r.attempt = p_attempt)
                and (p_holder is null or r.claimed_by = p_holder)
                and (p_dagster_run_id is null or r.dagster_run_id is null or r.dagster_run_id = p_dagster_run_id)
            for no key update
        ) as was
        returning run_id, seq, attempt, hash
    )
    update ops.runs as r
    set status = p_to, attempt = e.attempt, starts = r.starts + (p_to = 'running')::int,
        claimed_by = case when not p_is_lease_lost then coalesce(p_worker_id, r.claimed_by) end,
        lease_expires_at = v_now + make_interval(secs => p_lease_seconds),
        turn = case when p_to = 'queued' then ops_private.first_turn(r.priority, r.turn) else r.turn end,
        not_before = p_not_before,
        dagster_run_id = case
            when p_to <> 'queued' then coalesce(r.dagster_run_id, nullif(p_dagster_run_id, ''))
        end,
        claimed_at = case when e.attempt > r.attempt then v_now when p_to <> 'queued' then r.claimed_at end,
        started_at = case when p_to = 'running' then v_now when p_to <> 'queued' then r.started_at end,
        finished_at = case when not v_is_taken and p_to <> 'queued' then v_now end,
        exit_code = p_exit_code, error_message = p_error_message,
        fault = case when p_to = 'failed' then coalesce(p_fault, 'platform') end,
        event_count = e.seq, event_hash = e.hash
    from event as e
    where r.id = e.run_id;
    get diagnostics v_count = row_count;
    if p_to = 'queued' and v_count > 0 then -- a new run is announced by its trigger; a when of one more costs each move
        perform pg_notify('ops_work', 'runs');
    end if;
    return v_count;
end
$$;
comment on function ops_private.move_runs is 'Moves runs to a state, each with its event.';
revoke all on function ops_private.move_runs from public;
