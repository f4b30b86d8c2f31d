-- Returns the id of the calling person: the token's subject, else the login. A token without a subject has no id,
-- except the service role's own.
-- Called by functions and policies that record or compare who did what. Locks and raises nothing.
create or replace function ops.caller_id()
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := ops.caller_claims();
begin
    return case
        when v_claims is null then session_user::text
        when coalesce(v_claims ->> 'sub', '') <> '' then v_claims ->> 'sub'
        when ops.is_platform() then ops.caller_role()
    end;
end
$$;
comment on function ops.caller_id is 'The person who calls.';
revoke all on function ops.caller_id from public;
grant execute on function ops.caller_id to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_id
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
