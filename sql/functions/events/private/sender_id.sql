-- Returns the name under which a delivery's sender is recorded: the key, else the calling person or role. Raises nothing.
create or replace function ops_private.sender_id(p_key ops.event_keys)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce('key:' || p_key.prefix, ops.caller_id(), ops.caller_role())
$$;
comment on function ops_private.sender_id is 'The name under which a sender is recorded.';
revoke all on function ops_private.sender_id from public;
