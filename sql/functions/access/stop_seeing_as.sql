-- Lets the bearer of a session's cookie be the own person again, and returns whether it was another. Called by the gateway.
-- Locks the session; raises nothing. A retry is harmless.
-- Definer: the gateway may not write sessions; who has none changes nothing.
create or replace function ops.stop_seeing_as(p_session_sha256 text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.console_sessions as s set seen_project_id = null, seen_user_id = null
    where s.session_sha256 = p_session_sha256 and s.seen_user_id is not null;
    return found;
end
$$;
comment on function ops.stop_seeing_as is 'Lets a session of the console be the own person again.';
revoke all on function ops.stop_seeing_as from public;
grant execute on function ops.stop_seeing_as to service_role, ops_gateway;
