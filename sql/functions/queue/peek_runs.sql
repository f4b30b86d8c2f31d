-- Returns the runs that claim_runs would return, without claiming them. Called by dry runs of the sensor.
-- Locks and raises nothing.
create or replace function ops.peek_runs(
    p_limit int
)
returns setof ops.run_details
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return query
    select
        m.id, m.project_id, p.slug, m.environment_id, e.partition_key, m.run_number, m.kind, m.status, m.trigger,
        q.requested_by, m.git_ref, m.git_sha, m.priority, m.attempt, m.max_attempts, m.claimed_by, m.dagster_run_id,
        q.config, m.exit_code, m.error_message, q.retry_of, m.created_at, m.claimed_at, m.started_at,
        m.finished_at, m.cancel_requested_at, m.lease_expires_at
    from ops.runs as m
    join ops.run_requests as q on q.run_id = m.id
    join ops.projects as p on p.id = m.project_id
    left join ops.environments as e on e.id = m.environment_id
    where m.status = 'queued' and (m.not_before is null or m.not_before <= clock_timestamp()) and (
        m.environment_id is null
        or not exists (
            select from ops.runs as o
            where
                o.environment_id = m.environment_id
                and o.status in ('queued', 'claimed', 'running')
                and (
                    o.status <> 'queued'
                    or (-o.priority, o.turn, o.created_at, o.id) < (-m.priority, m.turn, m.created_at, m.id)
                )
        )
    )
    order by m.priority desc, m.turn, m.created_at
    limit greatest(p_limit, 0);
end
$$;
comment on function ops.peek_runs is 'The runs that the next claim would give.';
revoke all on function ops.peek_runs from public;
grant execute on function ops.peek_runs to service_role, ops_worker;
