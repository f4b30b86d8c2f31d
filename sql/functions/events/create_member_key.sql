-- Makes a key with which a machine calls /v1 as the calling member, in one project and within p_scopes, and returns it:
-- this is the only time that it is shown. It never reaches further than its member does at the time. Called by the
-- console and people. Locks nothing. Raises PT404 for a foreign project, PT403 for a permission that the caller lacks and
-- for a caller who came with a key, PT400 for values that no key has. A retry makes another key.
-- Definer: people may not write keys themselves: the function checks their permissions and writes for them.
create or replace function ops.create_member_key(
    p_project_id uuid,
    name text,
    p_scopes text[],
    expires_at timestamptz
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_scope text;
begin
    perform ops_private.require_permission(p_project_id, 'read');
    if not ops_private.came_by_no_key() then
        raise sqlstate 'PT403' using
            message = 'A key makes no other key', hint = 'Sign in, and make it in the console under Access.';
    end if;
    foreach v_scope in array coalesce(p_scopes, '{}') loop
        perform ops_private.require_permission(p_project_id, v_scope);
    end loop;
    return query
    select * from ops_private.write_event_key(
        create_member_key.name, null, '{}', create_member_key.expires_at, p_project_id, null, ops.caller_id(), null,
        auth.uid(), p_scopes
    );
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No key may have these values', detail = sqlerrm,
        hint = 'A key has a name, a permission at least, and a time to come at which it ends.';
end
$$;
comment on function ops.create_member_key is 'Makes a key with which a machine calls /v1 as the calling member.';
revoke all on function ops.create_member_key from public;
grant execute on function ops.create_member_key to authenticated;
