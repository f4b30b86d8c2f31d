-- Lists the persons that a name is: the caller's, where the name is the caller's own; else the one of the name. Called by
-- functions that compare people. Locks and raises nothing.
create or replace function ops_private.persons_of(p_name text)
returns text[]
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_name = ops.caller_id() then ops_private.caller_persons()
    else array_remove(array[ops.person_of(p_name)], null)
end
$$;
comment on function ops_private.persons_of is 'The persons that a name is.';
revoke all on function ops_private.persons_of from public;
