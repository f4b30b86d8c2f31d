-- Gives a worker the next runs, at most one per environment: ordered by priority, then the projects' turns, then age.
-- Called by the ops_queue sensor and any other worker. Locks the claimed runs and skips those that others hold.
-- Raises PT400 for a worker without a name. If the answer is lost, the runs return to the queue when the lease ends. If
-- two workers claim runs of one environment, the unique index stops the later one, which looks again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_runs(
    p_worker_id text,
    p_limit int,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_runs uuid[] := ops_private.take_runs(p_worker_id, p_limit, p_lease_seconds, 'claimed');
begin
    return query
    select d.* from ops.v_run_details as d where d.id = any (v_runs) order by array_position(v_runs, d.id);
end
$$;
comment on function ops.claim_runs is 'Claimed runs, each under a lease that ends by itself.';
revoke all on function ops.claim_runs from public;
grant execute on function ops.claim_runs to service_role, ops_worker;
