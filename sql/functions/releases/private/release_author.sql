-- Returns the author of a new release: the caller, or the person whom a machine names. Locks nothing.
-- Raises PT404 and PT403.
create or replace function ops_private.release_author(
    p_project_id uuid,
    p_named text
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if not ops.has_permission(p_project_id, 'ingest_build') then
        perform ops_private.require_permission(p_project_id, 'queue');
    end if;
    if not exists (select from ops.projects as p where p.id = p_project_id) then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'List them: ops project list.';
    elsif ops.has_permission(p_project_id, 'ingest_build') then
        return coalesce(p_named, ops.caller_id());
    elsif p_named <> ops.caller_id() then
        raise sqlstate 'PT403' using
            message = 'You author the releases that you make',
            hint = 'Leave p_created_by out.';
    end if;
    return ops.caller_id();
end
$$;
comment on function ops_private.release_author is 'The author of a release that the caller makes.';
revoke all on function ops_private.release_author from public;
