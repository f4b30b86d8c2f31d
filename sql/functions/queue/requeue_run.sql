-- Gives up an attempt whose process is known to be gone, without waiting for its lease. Called by the reconciler.
-- Locks the run's row. Raises PT404, and PT410 if the attempt is already over, so a retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.requeue_run(
    p_run_id uuid,
    p_attempt int,
    p_reason text
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status ops.run_status := ops_private.release_attempt(p_run_id, p_attempt, p_reason, false);
begin
    if v_status is null then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    return v_status;
end
$$;
comment on function ops.requeue_run is 'Gives up an attempt.';
revoke all on function ops.requeue_run from public;
grant execute on function ops.requeue_run to service_role, ops_worker;
