-- Returns the fault of one destination of policy egress, or null if it is valid. Called by rule_fault. Locks and raises
-- nothing.
create or replace function ops_private.destination_fault(p_value jsonb)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when jsonb_typeof(p_value) = 'string' and exists (
        select from ops_private.destination_parts(p_value #>> '{}')
    ) then null
    else format('has %s, which is no host, *.host or host:port in small letters, and no address', left(p_value::text, 80))
end
$$;
comment on function ops_private.destination_fault is 'What is wrong with a destination, if anything is.';
revoke all on function ops_private.destination_fault from public;
