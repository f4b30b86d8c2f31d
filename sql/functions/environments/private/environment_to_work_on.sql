-- Returns the environment of a request; it is created now if it is missing, but never for a destruction, a stop
-- or a start. Called by
-- queue_run. Locks the project's counter if it creates one.
-- Raises PT404 if there is nothing to destroy, stop or start, PT403 if a person may not work on production, PT409 for a
-- stop or a start of what is not hosted here.
create or replace function ops_private.environment_to_work_on(
    p_project_id uuid,
    p_env text,
    p_kind ops.run_kind
)
returns ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    select e.* into v_environment from ops.environments as e
    where e.project_id = p_project_id and e.name = p_env and e.destroyed_at is null;
    if not found and p_kind in ('destroy', 'stop', 'start') then
        raise sqlstate 'PT404' using
            message = format('There is no living environment %s', p_env), hint = 'List them: ops env list.';
    elsif not found then
        -- The counter first: a poll that has queued its first run holds it, and makes the environment of its next.
        perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
        v_environment := ops_private.make_environment(p_project_id, p_env);
    end if;
    if v_environment.stage = 'production' then
        perform ops_private.require_run(p_project_id, p_kind, v_environment.stage);
    end if;
    if p_kind in ('stop', 'start') and (v_environment.is_adopted or v_environment.database_name is null) then
        raise sqlstate 'PT409' using
            message = format('%s has nothing that could %s here', v_environment.partition_key, p_kind),
            hint = 'Deploy it first: ops env create.';
    end if;
    return v_environment;
end
$$;
comment on function ops_private.environment_to_work_on is 'The environment that a request works on.';
revoke all on function ops_private.environment_to_work_on from public;
