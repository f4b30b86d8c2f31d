-- Says whether the caller is the platform itself: its worker, the service role, or the owner of the schema.
-- Called by has_permission and the policies. Locks and raises nothing.
create or replace function ops.is_platform()
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
select
    ops.caller_role() in ('ops_worker', 'service_role')
    or pg_has_role(
        ops.caller_role(), (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'ops'), 'usage'
    )
$$;
comment on function ops.is_platform is 'Whether the caller is the platform rather than a person.';
revoke all on function ops.is_platform from public;
grant execute on function ops.is_platform to authenticated, service_role, ops_worker;
