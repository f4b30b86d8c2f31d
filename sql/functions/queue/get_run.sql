-- Returns one run with its related names, in the form that claims return. Called by workers and by other functions.
-- Locks and raises nothing.
create or replace function ops.get_run(
    p_run_id uuid
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
    where m.id = p_run_id;
end
$$;
comment on function ops.get_run is 'One run, as claims return it.';
revoke all on function ops.get_run from public;
grant execute on function ops.get_run to authenticated, service_role, ops_worker;
grant execute on function ops.get_run
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
