-- Returns whether the caller is the platform itself: its worker, the service role, or the owner of the schema.
-- Called by has_permission and RPCs. Locks and raises nothing.
create or replace function ops.is_platform()
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role name := ops.caller_role();
begin
    return v_role in ('ops_worker', 'service_role')
        or pg_has_role(v_role, 'ops_worker', 'usage')
        or pg_has_role(v_role, 'service_role', 'usage')
        or pg_has_role(
            v_role, (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'ops'), 'usage'
        );
end
$$;
comment on function ops.is_platform is 'Whether the caller is the platform rather than a person.';
revoke all on function ops.is_platform from public;
grant execute on function ops.is_platform to authenticated, service_role, ops_worker;
grant execute on function ops.is_platform
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
