-- Returns the key with this prefix, locked. Called by rotate_event_key and revoke_event_key. Raises PT404.
create or replace function ops_private.event_key_to_change(p_prefix text)
returns ops.event_keys
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys;
begin
    select k.* into v_key from ops.event_keys as k where k.prefix = p_prefix for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no key %s', coalesce(p_prefix, 'without a prefix')), hint = 'List them: ops key list.';
    end if;
    return v_key;
end
$$;
comment on function ops_private.event_key_to_change is 'A key, locked, by its prefix.';
revoke all on function ops_private.event_key_to_change from public;
