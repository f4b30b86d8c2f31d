-- Queues the stop of previews that nobody asks for, for a second at most, and returns the runs; the next call continues.
-- Their next request starts them. p_watched_since is when the router began to tell of requests: it forgets with its end.
-- Called by the schedule idle_previews, after note_requests.
-- Locks the projects' counters. A retry finds them queued.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.stop_idle_environments(
    p_watched_since timestamptz,
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
    for v_environment in select e.* from ops_private.idle_environments(p_watched_since, p_now) as e loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        return next ops.queue_run(
            v_environment.project_id, v_environment.name, v_environment.deployed_sha,
            'refs/heads/' || v_environment.branch, p_kind => 'stop', p_trigger => 'schedule',
            p_config => '{"until_asked": true}'
        );
    end loop;
end
$$;
comment on function ops.stop_idle_environments is 'Queues the stop of previews that nobody asks for.';
revoke all on function ops.stop_idle_environments from public;
grant execute on function ops.stop_idle_environments to service_role, ops_worker;
