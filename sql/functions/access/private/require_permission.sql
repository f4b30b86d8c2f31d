-- Refuses a caller without the permission. Called by RPCs open to people.
-- Raises PT404 if the caller may not know of the project, PT403 if the caller may only read it.
create or replace function ops_private.require_permission(
    p_project_id uuid,
    p_permission text
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if ops.has_permission(p_project_id, p_permission) then
        return;
    end if;
    if not ops.has_permission(p_project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    raise sqlstate 'PT403' using
        message = format('You may not %s in this project', replace(p_permission, '_', ' ')),
        hint = ops_private.who_may(p_permission);
end
$$;
comment on function ops_private.require_permission is 'Refuses the caller who may not do this in the project.';
revoke all on function ops_private.require_permission from public;
