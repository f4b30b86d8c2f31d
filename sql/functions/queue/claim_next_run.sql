-- Gives a worker the next run, or no row if no run can start now.
-- Called by any worker. Locks, raises and retries like claim_runs, whose form for one run it is.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_next_run(
    p_worker_id text,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from ops.claim_runs(p_worker_id, 1, p_lease_seconds);
end
$$;
comment on function ops.claim_next_run is 'One claimed run, or none.';
revoke all on function ops.claim_next_run from public;
grant execute on function ops.claim_next_run to service_role, ops_worker;
