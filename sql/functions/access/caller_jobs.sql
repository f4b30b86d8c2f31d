-- Lists the jobs of the platform's logins that the caller has, by the role taken or by membership; none for the service
-- role and the owner of the schema, who may do everything.
-- Called by is_platform, has_permission and receive_event. Locks and raises nothing. The names are listed here and not
-- read from ops.roles: a server may have a login called owner or admin for its own reasons.
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
    if pg_has_role(v_role, 'service_role', 'usage') or pg_has_role(
        v_role, (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'ops'), 'usage'
    ) then
        return '{}';
    end if;
    return array(
        select j.job from unnest('{ops_gateway,ops_worker,ops_operator}'::text[]) as j (job)
        where pg_has_role(v_role, j.job::name, 'usage')
    );
end
$$;
comment on function ops.caller_jobs is 'The jobs of the platform''s logins that the caller has.';
revoke all on function ops.caller_jobs from public;
grant execute on function ops.caller_jobs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_jobs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
