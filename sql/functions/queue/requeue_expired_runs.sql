-- Gives up every attempt whose lease has expired, except the runs that the caller knows to be alive. Called by the
-- reconciler and any operator.
-- Locks the rows, skipping those that others hold. A retry finds nothing left.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.requeue_expired_runs(
    p_spare uuid[] default '{}'
)
returns table (run_id uuid, outcome ops.run_status)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run record;
begin
    for v_run in
        select r.id, r.attempt, r.lease_expires_at from ops.runs as r
        where
            r.status in ('claimed', 'running')
            and r.lease_expires_at < clock_timestamp()
            and r.id <> all (p_spare)
        order by r.lease_expires_at
        for no key update skip locked
    loop
        run_id := v_run.id;
        outcome := ops_private.release_attempt(v_run.id, v_run.attempt, 'the worker''s lease ended', true);
        if outcome is not null then
            return next;
        end if;
    end loop;
end
$$;
comment on function ops.requeue_expired_runs is 'Gives up attempts whose lease ended.';
revoke all on function ops.requeue_expired_runs from public;
grant execute on function ops.requeue_expired_runs to service_role, ops_worker;
