-- Pins an environment, so that it runs on though nobody asks for it, or unpins it, and records the change. Returns it.
-- Called by `ops env pin`, `ops env unpin` and developers. Locks the environment's row. Raises PT404, PT403, and PT400
-- without an answer to whether. A retry changes and records nothing.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.pin_environment(
    p_environment_id uuid,
    p_is_pinned boolean
)
returns setof ops.environments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    if p_is_pinned is null then
        raise sqlstate 'PT400' using
            message = 'An environment is pinned or not', hint = 'Use ops env pin or ops env unpin.';
    end if;
    select e.* into v_environment from ops.environments as e
    where e.id = p_environment_id and e.destroyed_at is null
    for no key update;
    -- another's environment is refused as one that does not exist
    if not found or not ops.has_permission(v_environment.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such living environment', hint = 'List them: ops env list.';
    end if;
    perform ops_private.require_run(v_environment.project_id, 'start', v_environment.stage);
    if v_environment.is_pinned <> p_is_pinned then
        update ops.environments as e set is_pinned = p_is_pinned
        where e.id = p_environment_id
        returning e.* into v_environment;
        insert into ops.environment_events (project_id, environment_id, environment, event, source, recorded_by)
        values (
            v_environment.project_id, v_environment.id, v_environment.name,
            case when p_is_pinned then 'pinned' else 'unpinned' end, 'ops', coalesce(ops.caller_name(), ops.caller_role())
        );
    end if;
    return next v_environment;
end
$$;
comment on function ops.pin_environment is 'Lets an environment run on though nobody asks for it, or not.';
revoke all on function ops.pin_environment from public;
grant execute on function ops.pin_environment to authenticated, service_role, ops_operator, developer;
