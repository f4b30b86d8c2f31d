-- Queues the start of environments that sleep until their next request, of which the router tells the host labels, and
-- returns the runs. A name that no environment has, one that somebody stopped, one of an archived project, one whose
-- start waits or works already, and one that serves while a restored record is not confirmed are passed over: however
-- many ask, an environment starts once, and one that may not start holds up no other.
-- Called by the ops_queue sensor. Locks the environments' rows and the projects' counters. A retry finds them queued.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.wake_environments(
    p_host_labels text[]
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
    for v_environment in
        select e.* from ops.environments as e
        join ops.projects as p on p.id = e.project_id and p.status = 'active'
        where e.host_label = any (p_host_labels) and e.destroyed_at is null and e.wakes_on_request
        order by e.id
        for no key update of e
    loop
        continue when not ops_private.acts_unconfirmed('start', v_environment.stage) and ops.is_unconfirmed();
        continue when exists (
            select from ops.runs as r
            where
                r.environment_id = v_environment.id and r.status in ('queued', 'claimed', 'running')
                and r.kind = 'start'
        );
        return next ops.queue_run(
            v_environment.project_id, v_environment.name, v_environment.deployed_sha,
            'refs/heads/' || v_environment.branch, p_kind => 'start', p_trigger => 'request'
        );
    end loop;
end
$$;
comment on function ops.wake_environments is 'Queues the start of environments that are asked for.';
revoke all on function ops.wake_environments from public;
grant execute on function ops.wake_environments to service_role, ops_worker;
