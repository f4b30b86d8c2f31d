-- Sets a variable of a project, of one of its stages or of one environment, and returns the environments that are
-- restarted by it: the running ones that get this value and no nearer one. The value comes sealed for the place and the
-- name, in base64 as its key is; it is on no other row and on no record.
-- Called by `ops env set`, the API and developers. Locks the project's row. Raises PT404, PT403, and PT400 for a name
-- that no variable may have, for more than 64 at one place and for what is not sealed for the key in use. Repeating it
-- sets it again.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.set_variable(
    p_project_id uuid,
    p_name text,
    p_sealed text,
    p_public_key text,
    p_stage ops.environment_stage default null,
    p_environment_id uuid default null,
    p_set_by text default null
)
returns table (environment text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_by text := coalesce(case when ops.is_platform() then p_set_by end, ops.caller_name(), ops.caller_role());
    v_fault text := ops_private.variable_name_fault(p_name);
    v_variable ops.variables;
    v_former_id uuid;
begin
    perform ops_private.require_place(p_project_id, p_stage, p_environment_id);
    if v_fault is not null then
        raise sqlstate 'PT400' using
            message = format('No variable may be named %s: %s', coalesce(p_name, 'null'), v_fault),
            hint = 'Choose another name.';
    elsif p_public_key is distinct from ops.sealing_key() then
        raise sqlstate 'PT400' using
            message = 'The value is not sealed for the key in use', hint = 'Read the key again, and seal it anew.';
    end if;
    select v.* into v_variable from ops.variables as v
    where
        v.project_id = p_project_id and v.stage is not distinct from p_stage
        and v.environment_id is not distinct from p_environment_id and v.name = p_name;
    if not found and 64 <= (
        select count(*) from ops.variables as v
        where
            v.project_id = p_project_id and v.stage is not distinct from p_stage
            and v.environment_id is not distinct from p_environment_id
    ) then
        raise sqlstate 'PT400' using
            message = 'There are 64 variables at this place already', hint = 'Unset one: ops env unset.';
    end if;
    v_former_id := v_variable.value_id;
    with sealed as (
        insert into ops.sealed_values (public_key, sealed)
        values (decode(p_public_key, 'base64'), decode(p_sealed, 'base64'))
        returning id
    )
    insert into ops.variables as v (project_id, stage, environment_id, name, value_id, set_by)
    select p_project_id, p_stage, p_environment_id, p_name, sealed.id, v_by from sealed
    on conflict (project_id, stage, environment_id, name) do update
    set value_id = excluded.value_id, set_by = excluded.set_by, set_at = clock_timestamp()
    returning v.* into v_variable;
    delete from ops.sealed_values as s where s.id = v_former_id;
    return query select n.environment from ops_private.note_variable(v_variable, 'variable_set', v_by) as n (environment);
exception when check_violation or not_null_violation or invalid_parameter_value then
    raise sqlstate 'PT400' using
        message = 'No variable may have this value', hint = 'Seal a value of at most 8 KiB, and send it in base64.';
end
$$;
comment on function ops.set_variable is 'Sets a variable of a project, a stage or an environment.';
revoke all on function ops.set_variable from public;
grant execute on function ops.set_variable to authenticated, service_role, ops_operator, developer;
