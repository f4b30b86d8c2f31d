-- Removes a variable and its value from a project, one of its stages or one environment, and returns the environments
-- that are restarted by it. Called by `ops env unset`, the API and developers. Locks the project's row. Raises PT404 also
-- for a variable that is not set there, PT403 and PT400.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.unset_variable(
    p_project_id uuid,
    p_name text,
    p_stage ops.environment_stage default null,
    p_environment_id uuid default null,
    p_unset_by text default null
)
returns table (environment text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_by text := coalesce(case when ops.is_platform() then p_unset_by end, ops.caller_name(), ops.caller_role());
    v_variable ops.variables;
begin
    perform ops_private.require_place(p_project_id, p_stage, p_environment_id);
    select v.* into v_variable from ops.variables as v
    where
        v.project_id = p_project_id and v.stage is not distinct from p_stage
        and v.environment_id is not distinct from p_environment_id and v.name = p_name;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such variable at this place', hint = 'List them: ops env variables.';
    end if;
    return query select n.environment from ops_private.note_variable(v_variable, 'variable_unset', v_by) as n (environment);
    delete from ops.variables as v where v.id = v_variable.id;
    delete from ops.sealed_values as s where s.id = v_variable.value_id;
end
$$;
comment on function ops.unset_variable is 'Removes a variable of a project, a stage or an environment.';
revoke all on function ops.unset_variable from public;
grant execute on function ops.unset_variable to authenticated, service_role, ops_operator, developer;
