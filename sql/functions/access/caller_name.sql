-- Returns the calling person's name for people: the token's e-mail address, else ops.caller_id.
-- Called by RPCs that record the requester. Locks and raises nothing.
create or replace function ops.caller_name()
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(nullif(ops.caller_claims() ->> 'email', ''), ops.caller_id());
end
$$;
comment on function ops.caller_name is 'The person who calls, as people know them.';
revoke all on function ops.caller_name from public;
grant execute on function ops.caller_name to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_name
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
