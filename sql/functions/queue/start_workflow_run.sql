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
    v_attempt int := coalesce(p_attempt, 1);
begin
    if ops_private.move_runs(
        array[p_run_id], '{claimed}', 'running', 'started by ' || p_worker_id,
        jsonb_build_object('dagster_run_id', p_dagster_run_id),
        p_attempt => v_attempt, p_holder => case when p_attempt is null then p_worker_id end,
        p_dagster_run_id => coalesce(p_dagster_run_id, ''), p_worker_id => p_worker_id,
        p_lease_seconds => p_lease_seconds
    ) = 0 then
        perform from ops.runs as r
        where
            r.id = p_run_id and r.status = 'running' and r.attempt = v_attempt and r.claimed_by = p_worker_id
            and r.dagster_run_id is not distinct from p_dagster_run_id;
        if not found then
            perform ops_private.refuse_attempt(p_run_id, v_attempt);
        end if;
    end if;
    return query select d.* from ops.v_run_details as d where d.id = p_run_id;
end
$$;
comment on function ops.start_workflow_run is 'Takes ownership of a claimed run.';
revoke all on function ops.start_workflow_run from public;
grant execute on function ops.start_workflow_run to service_role, ops_worker;
