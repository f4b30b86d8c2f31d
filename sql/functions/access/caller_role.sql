-- Returns the calling role: the one taken by SET ROLE (PostgREST's way), else the login.
-- Called by functions that check the caller; inside a definer function current_user is the owner.
create or replace function ops.caller_role()
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
end
$$;
comment on function ops.caller_role is 'The role on whose behalf the statement runs.';
revoke all on function ops.caller_role from public;
grant execute on function ops.caller_role to authenticated, service_role, ops_gateway, ops_worker, ops_operator;
grant execute on function ops.caller_role
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
