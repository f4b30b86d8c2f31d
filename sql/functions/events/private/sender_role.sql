-- Returns the role under which a delivery's sender is recorded: the key's persona, else the calling role. Raises nothing.
create or replace function ops_private.sender_role(p_key ops.event_keys)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce(p_key.persona, ops.caller_role())
$$;
comment on function ops_private.sender_role is 'The role under which a sender is recorded.';
revoke all on function ops_private.sender_role from public;
