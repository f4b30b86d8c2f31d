-- Returns the living environment of that name. Called by create_backup and restore_backup, after the permission check.
-- Locks nothing. Raises PT404.
create or replace function ops_private.living_environment(
    p_project_id uuid,
    p_env text
)
returns ops.environments
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    select e.* into v_environment from ops.environments as e
    where e.project_id = p_project_id and e.name = p_env and e.destroyed_at is null;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no living environment %s', coalesce(p_env, 'without a name')),
            hint = 'List them: ops env list.';
    end if;
    return v_environment;
end
$$;
comment on function ops_private.living_environment is 'The living environment of a name.';
revoke all on function ops_private.living_environment from public;
