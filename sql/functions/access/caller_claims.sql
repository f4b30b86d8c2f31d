-- Returns the claims of the caller's token, or null if they cannot be trusted: anyone may set the setting that carries
-- them, so they count only in a session that may take the role authenticated, which is PostgREST's.
-- Called by functions that need the calling person. Locks and raises nothing.
create or replace function ops.caller_claims()
returns jsonb
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if pg_has_role(session_user, 'authenticated', 'member') then
        return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    end if;
    return null;
end
$$;
comment on function ops.caller_claims is 'The claims of the caller''s token, where a token is believed.';
revoke all on function ops.caller_claims from public;
grant execute on function ops.caller_claims to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_claims
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
