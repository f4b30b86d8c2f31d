-- Returns the key with this prefix, locked, of a member of a project, for its own member, or with p_also_admins for whoever
-- manages the project's members too. A caller who came with a key changes none. Called by rotate_member_key and
-- revoke_member_key. Raises PT404 for every other key: who may not change one is told of none.
create or replace function ops_private.member_key_to_change(
    p_prefix text,
    p_also_admins boolean
)
returns ops.event_keys
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys;
begin
    select k.* into v_key from ops.event_keys as k
    where k.prefix = p_prefix and k.user_id is not null and k.project_id is not null and ops_private.came_by_no_key()
    for no key update;
    if not found or not (
        (v_key.user_id = auth.uid() and ops.has_permission(v_key.project_id, 'read'))
        or (p_also_admins and ops.has_permission(v_key.project_id, 'manage'))
    ) then
        raise sqlstate 'PT404' using
            message = format('There is no key %s of yours', coalesce(p_prefix, 'without a prefix')),
            hint = 'The console lists them under Access.';
    end if;
    return v_key;
end
$$;
comment on function ops_private.member_key_to_change is 'A member''s key, for whoever may change it.';
revoke all on function ops_private.member_key_to_change from public;
