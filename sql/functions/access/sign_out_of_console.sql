-- Ends the session of a cookie and returns whether it was in force. Called by the gateway when a person signs out. Locks
-- the session; raises nothing. A retry is harmless.
-- Definer: the gateway may not write sessions; who has none ends nothing.
create or replace function ops.sign_out_of_console(p_session_sha256 text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.console_sessions as s set ended_at = clock_timestamp(), ended_by = s.person
    where s.session_sha256 = p_session_sha256 and s.ended_at is null;
    return found;
end
$$;
comment on function ops.sign_out_of_console is 'Ends the session of a cookie.';
revoke all on function ops.sign_out_of_console from public;
grant execute on function ops.sign_out_of_console to service_role, ops_gateway;
