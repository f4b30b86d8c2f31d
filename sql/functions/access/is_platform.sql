-- Returns whether the caller is the platform itself: a login of one of its jobs, the service role, or the owner of the
-- schema. It names the person for whom it acts; what it may do is a matter of has_permission.
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
    if cardinality(ops.caller_jobs()) > 0 or pg_has_role(v_role, 'service_role', 'usage') then
        return true; -- without the query below
    end if;
    return pg_has_role(
        v_role, (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'ops'), 'usage'
    );
end
$$;
comment on function ops.is_platform is 'Whether the caller is the platform rather than a person.';
revoke all on function ops.is_platform from public;
grant execute on function ops.is_platform to authenticated, service_role, ops_gateway, ops_worker, ops_operator;
grant execute on function ops.is_platform
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
