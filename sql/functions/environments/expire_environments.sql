-- Queues the destruction of expired previews, for a second at most, and returns the runs; the next call continues.
-- Called by the environment_expiry schedule.
-- Locks the projects' counters. A retry finds them queued.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.expire_environments(
    p_now timestamptz default clock_timestamp()
)
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    if ops.is_unconfirmed() then
        return;
    end if;
    for v_environment in select e.* from ops.environments_to_expire(p_now) as e loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        return next ops.queue_run(
            v_environment.project_id, v_environment.name, v_environment.deployed_sha,
            'refs/heads/' || v_environment.branch, p_kind => 'destroy', p_trigger => 'schedule'
        );
    end loop;
end
$$;
comment on function ops.expire_environments is 'Queues the destruction of previews past their time.';
revoke all on function ops.expire_environments from public;
grant execute on function ops.expire_environments to service_role, ops_worker;
