-- Takes an environment of an archived project down: production stops and keeps its data, every other one is destroyed,
-- by the run that already does so if there is one. Where nothing was ever deployed and no run works there is nothing to
-- remove, and no run is asked for. Called by archive_project. Locks the environment's row and the
-- project's counter. A retry is harmless.
create or replace function ops_private.take_down(
    p_environment ops.environments
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if (p_environment).stage = 'production' then
        perform ops_private.move_environment(e, 'stopped') from ops.environments as e
        where e.id = (p_environment).id and e.status = 'running';
    elsif (p_environment).deployed_run_id is null and (p_environment).database_name is null and not exists (
        select from ops.runs as r
        where r.environment_id = (p_environment).id and r.status in ('queued', 'claimed', 'running')
    ) then
        perform ops_private.move_environment(p_environment, 'destroyed');
    elsif not exists (
        select from ops.runs as r
        where
            r.environment_id = (p_environment).id and r.kind = 'destroy'
            and r.status in ('queued', 'claimed', 'running')
    ) then
        perform ops.queue_run(
            (p_environment).project_id, (p_environment).name, (p_environment).deployed_sha,
            'refs/heads/' || (p_environment).branch, p_kind => 'destroy'
        );
    end if;
end
$$;
comment on function ops_private.take_down is 'Takes an environment of an archived project down.';
revoke all on function ops_private.take_down from public;
