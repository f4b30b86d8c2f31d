-- Lists the jobs of the platform's logins that the caller has, by the role taken or by membership; none for the service
-- role and the owner of the schema, who may do everything. Nobody but the owner may let others create in the schema.
-- Called by is_platform, has_permission and receive_event. Locks and raises nothing. The names are listed here and not
-- read from ops.roles: a server may have a login called owner or admin for its own reasons. One expression without a
-- query: each request pays for it.
create or replace function ops.caller_jobs()
returns text[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role name := ops.caller_role();
begin
    return case
        when pg_has_role(v_role, 'service_role', 'usage')
            or has_schema_privilege(v_role, 'ops', 'create with grant option') then '{}'
        else array_remove(array[
            case when pg_has_role(v_role, 'ops_gateway', 'usage') then 'ops_gateway' end,
            case when pg_has_role(v_role, 'ops_worker', 'usage') then 'ops_worker' end,
            case when pg_has_role(v_role, 'ops_operator', 'usage') then 'ops_operator' end
        ], null)
    end;
end
$$;
comment on function ops.caller_jobs is 'The jobs of the platform''s logins that the caller has.';
revoke all on function ops.caller_jobs from public;
grant execute on function ops.caller_jobs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_jobs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
