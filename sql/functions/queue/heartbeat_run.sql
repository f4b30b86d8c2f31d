-- Renews the lease of the worker's attempt and returns whether a cancel was requested.
-- Called by the owner every few seconds. Locks the run's row; raises PT404 and PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.heartbeat_run(
    p_run_id uuid,
    p_worker_id text,
    p_attempt int default 1,
    p_lease_seconds int default 60
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_attempt int := coalesce(p_attempt, 1);
    v_canceled boolean;
begin
    update ops.runs as r
    set lease_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where
        r.id = p_run_id and r.attempt = v_attempt and r.claimed_by = p_worker_id
        and r.status in ('claimed', 'running')
    returning r.cancel_requested_at is not null into v_canceled;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, v_attempt);
    end if;
    return v_canceled;
end
$$;
comment on function ops.heartbeat_run is 'Renews a lease; true when a cancel was asked for.';
revoke all on function ops.heartbeat_run from public;
grant execute on function ops.heartbeat_run to service_role, ops_worker;
