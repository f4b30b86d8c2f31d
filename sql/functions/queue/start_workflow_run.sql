-- Takes ownership of a claimed run, which is running from now on. Without p_attempt it means attempt 1 of the claiming
-- worker. Called by the run process, fenced by attempt and Dagster run. Locks the run's row. Raises PT404, and PT410 if
-- the attempt is over or owned by another. The owner may repeat it.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.start_workflow_run(
    p_run_id uuid,
    p_worker_id text,
    p_attempt int default null,
    p_dagster_run_id text default null,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_attempt int := coalesce(p_attempt, 1);
    v_payload jsonb := jsonb_strip_nulls(jsonb_build_object(
        'from', 'claimed', 'to', 'running', 'worker', p_worker_id, 'dagster_run_id', p_dagster_run_id
    ));
    v_message text := 'started by ' || p_worker_id;
begin
    return query
    with was as materialized (
        select r.id, r.event_count + 1 as seq, r.event_hash as prev_hash
        from ops.runs as r
        where
            r.id = p_run_id and r.attempt = v_attempt and r.status = 'claimed'
            and (p_attempt is not null or r.claimed_by = p_worker_id)
            and (r.dagster_run_id is null or r.dagster_run_id is not distinct from p_dagster_run_id)
        for no key update
    ), moved as (
        update ops.runs as r
        set status = 'running', starts = r.starts + 1, started_at = v_now, claimed_by = p_worker_id,
            dagster_run_id = coalesce(r.dagster_run_id, p_dagster_run_id),
            lease_expires_at = v_now + make_interval(secs => p_lease_seconds), event_count = was.seq,
            event_hash = ops.hash_event(
                was.prev_hash, was.id, was.seq, r.attempt, 'state_change', v_message, v_payload, v_now
            )
        from was
        where r.id = was.id
        returning r.*, was.prev_hash
    ), event as (
        insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
        select
            m.id, m.event_count, m.attempt, 'state_change', v_message, v_payload, v_now, m.prev_hash, m.event_hash
        from moved as m
    )
    select
        m.id, m.project_id, p.slug, m.environment_id, e.partition_key, m.run_number, m.kind, m.status, m.trigger,
        q.requested_by, m.git_ref, m.git_sha, m.priority, m.attempt, m.max_attempts, m.claimed_by, m.dagster_run_id,
        q.config, m.exit_code, m.error_message, q.retry_of, m.created_at, m.claimed_at, m.started_at,
        m.finished_at, m.cancel_requested_at, m.lease_expires_at
    from moved as m
    join ops.run_requests as q on q.run_id = m.id
    join ops.projects as p on p.id = m.project_id
    left join ops.environments as e on e.id = m.environment_id;
    if not found then
        return query
        select d.* from ops.get_run(p_run_id) as d
        where
            d.status = 'running' and d.attempt = v_attempt and d.claimed_by = p_worker_id
            and d.dagster_run_id is not distinct from p_dagster_run_id;
        if not found then
            perform ops_private.refuse_attempt(p_run_id, v_attempt);
        end if;
    end if;
end
$$;
comment on function ops.start_workflow_run is 'Takes ownership of a claimed run.';
revoke all on function ops.start_workflow_run from public;
grant execute on function ops.start_workflow_run to service_role, ops_worker;
