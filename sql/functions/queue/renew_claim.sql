-- Renews the lease of a claimed run that waits in Dagster's queue, and records the id of its Dagster run.
-- Called by the run coordinator and the reconciler. Locks the run's row; raises PT404, and PT410 if the attempt is over
-- or belongs to another Dagster run. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.renew_claim(
    p_run_id uuid,
    p_attempt int,
    p_dagster_run_id text default null,
    p_lease_seconds int default 60
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.runs as r
    set lease_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds),
        dagster_run_id = coalesce(r.dagster_run_id, p_dagster_run_id)
    where
        r.id = p_run_id and r.attempt = p_attempt and r.status in ('claimed', 'running')
        and (r.dagster_run_id is null or p_dagster_run_id is null or r.dagster_run_id = p_dagster_run_id);
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
end
$$;
comment on function ops.renew_claim is 'Renews the lease of a run that waits in Dagsters queue.';
revoke all on function ops.renew_claim from public;
grant execute on function ops.renew_claim to service_role, ops_worker;
