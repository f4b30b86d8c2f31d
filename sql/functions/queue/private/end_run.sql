-- Ends the attempt with its event in one statement, and returns whether there was one to end: every end of work goes
-- through it. Locks the run's row. A retry finds nothing to end.
create or replace function ops_private.end_run(
    p_run_id uuid,
    p_attempt int,
    p_status ops.run_status,
    p_exit_code int,
    p_error_message text,
    p_worker_id text default null,
    p_dagster_run_id text default null
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
    v_message text := p_status::text || coalesce(': ' || p_error_message, '');
    v_kind ops.run_kind;
    v_environment uuid;
begin
    with was as materialized (
        select r.id, r.status, r.attempt, r.event_count + 1 as seq, r.event_hash as prev_hash,
            jsonb_strip_nulls(jsonb_build_object(
                'from', r.status, 'to', p_status, 'worker', r.claimed_by, 'exit_code', p_exit_code
            )) as payload
        from ops.runs as r
        where
            r.id = p_run_id and r.attempt = p_attempt
            and (r.status = 'running' or (r.status = 'claimed' and p_status <> 'succeeded'))
            and (p_worker_id is null or r.claimed_by = p_worker_id)
            and (p_dagster_run_id is null or r.dagster_run_id = p_dagster_run_id)
        for no key update
    ), moved as (
        update ops.runs as r
        set status = p_status, exit_code = p_exit_code, error_message = p_error_message, finished_at = v_now,
            lease_expires_at = null, event_count = was.seq,
            event_hash = ops.hash_event(
                was.prev_hash, was.id, was.seq, was.attempt, 'state_change', v_message, was.payload, v_now
            )
        from was
        where r.id = was.id
        returning r.*, was.prev_hash, was.payload
    ), event as (
        insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
        select
            m.id, m.event_count, m.attempt, 'state_change', v_message, m.payload, v_now, m.prev_hash, m.event_hash
        from moved as m
    )
    select m.kind, m.environment_id into v_kind, v_environment from moved as m;
    if not found then
        return false;
    end if;
    if p_status = 'failed' and v_kind in ('deploy', 'build') and v_environment is not null then
        update ops.environments as e set status = 'failed'
        where e.id = v_environment and e.status = 'pending';
    end if;
    -- most runs move no data; a deployment and a test do if they clone
    if v_kind not in ('build', 'test', 'deploy')
        or (v_kind <> 'build' and (
            exists (select from ops.restores as s where s.run_id = p_run_id)
            or exists (select from ops.backups as b where b.run_id = p_run_id)
        )) then
        perform ops_private.end_data_work(p_run_id, p_error_message);
    end if;
    return true;
end
$$;
comment on function ops_private.end_run is 'Ends an attempt with its event.';
revoke all on function ops_private.end_run from public;
