-- Returns the release to a caller with this permission in its project. Called by the RPCs of releases and gates.
-- Locks nothing. Raises PT404 if it does not exist or the caller may not see it, PT403 if the caller may only read it.
create or replace function ops_private.require_release(
    p_release_id uuid,
    p_permission text default 'read'
)
returns ops.releases
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases;
begin
    select r.* into v_release from ops.releases as r where r.id = p_release_id;
    if not found or not ops.has_permission(v_release.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no release %s', coalesce(p_release_id::text, 'without an id')),
            hint = 'List them: select id, version, status from ops.releases.';
    end if;
    perform ops_private.require_permission(v_release.project_id, p_permission);
    return v_release;
end
$$;
comment on function ops_private.require_release is 'The release, to who may do this with it.';
revoke all on function ops_private.require_release from public;
