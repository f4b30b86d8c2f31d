-- Returns whether the caller is a person and not a key of one: a key must not make a longer-lived one. Called by the
-- functions with which members change their keys. Locks and raises nothing.
create or replace function ops_private.came_by_no_key()
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops.caller_claims() -> 'odooops_key' is null
$$;
comment on function ops_private.came_by_no_key is 'Whether the caller is a person and not a key of one.';
revoke all on function ops_private.came_by_no_key from public;
