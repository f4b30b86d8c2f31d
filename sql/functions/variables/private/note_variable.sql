-- Writes down that a variable was set or unset, never its value, and queues a start of each running environment that
-- gets another value by it. Returns the environments. Called by functions that set and unset, before they unset and
-- after they set. An environment whose start waits already is not started twice. Locks the project's counter.
create or replace function ops_private.note_variable(
    p_variable ops.variables,
    p_event text,
    p_by text
)
returns setof text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    insert into ops.environment_events (project_id, environment_id, environment, event, payload, source, recorded_by)
    select
        p_variable.project_id, p_variable.environment_id,
        coalesce((select e.name from ops.environments as e where e.id = p_variable.environment_id), p_variable.stage::text, '*'),
        p_event, jsonb_build_object('name', p_variable.name), 'ops', p_by;
    for v_environment in
        select e.* from ops.v_environment_variables as v
        join ops.environments as e on e.id = v.environment_id
        where
            v.variable_id = p_variable.id and e.status = 'running' and e.database_name is not null
            and e.deployed_sha is not null and not e.is_adopted
        order by e.id
    loop
        return next v_environment.partition_key;
        continue when exists (
            select from ops.runs as r
            where r.environment_id = v_environment.id and r.status = 'queued' and r.kind = 'start'
        );
        perform ops.queue_run(
            v_environment.project_id, v_environment.name, v_environment.deployed_sha,
            'refs/heads/' || v_environment.branch, p_kind => 'start', p_requested_by => p_by
        );
    end loop;
end
$$;
comment on function ops_private.note_variable is 'Records the change of a variable, and restarts what it concerns.';
revoke all on function ops_private.note_variable from public;
