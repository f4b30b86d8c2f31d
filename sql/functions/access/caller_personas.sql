-- Lists the caller's personas, by the role taken or by membership of the login. Called by has_permission and by RPCs
-- that record the role in which somebody acted. Locks and raises nothing. The names are listed here and not read from
-- ops.roles: a server may have a login called owner or admin for its own reasons.
create or replace function ops.caller_personas()
returns text[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role text := ops.caller_role();
begin
    return array(
        select p.persona
        from unnest('{ci_service_role,qa_tester,release_manager,sre,developer,audit_reader}'::text[]) as p (persona)
        where pg_has_role(v_role, p.persona::name, 'usage')
    );
end
$$;
comment on function ops.caller_personas is 'The personas that the caller is.';
revoke all on function ops.caller_personas from public;
grant execute on function ops.caller_personas to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_personas
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
