-- Returns the time at which it is called. A statement's own time is that of its beginning: what waited for a lock
-- would be judged by a time before the wait. It is declared stable so that views that call it are merged into the
-- queries that read them; within one query the time may differ by the query's duration.
-- Called by views and functions that judge gates. Reads, locks and raises nothing.
create or replace function ops.right_now()
returns timestamptz
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return clock_timestamp();
end
$$;
comment on function ops.right_now is 'The time at which it is called.';
revoke all on function ops.right_now from public;
grant execute on function ops.right_now to authenticated, service_role, ops_worker, ops_operator,
ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
