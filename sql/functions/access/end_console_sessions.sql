-- Ends a session, or without an id every one, with the links that were not used yet, and returns how many. Called by
-- `ops console --end` and the service role. Locks the sessions; raises nothing. A retry is harmless.
-- Definer: nobody may write sessions directly; only operators and the service role may execute this.
create or replace function ops.end_console_sessions(
    p_session_id uuid default null,
    p_ended_by text default null
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count int;
begin
    update ops.console_sessions as s
    set ended_at = clock_timestamp(), ended_by = coalesce(p_ended_by, ops.caller_id(), ops.caller_role())
    where s.ended_at is null and coalesce(s.id = p_session_id, true);
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.end_console_sessions is 'Ends a session of the console, or every one.';
revoke all on function ops.end_console_sessions from public;
grant execute on function ops.end_console_sessions to service_role, ops_operator;
