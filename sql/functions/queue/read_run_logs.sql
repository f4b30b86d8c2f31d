-- Returns the lines of a run after a given one, the oldest first. Called by clients that follow a log; people see their
-- own projects'. Locks and raises nothing.
create or replace function ops.read_run_logs(
    p_run_id uuid,
    p_after_id bigint default 0,
    p_limit int default 500
)
returns setof ops.run_logs
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select l.* from ops.run_logs as l
    where l.run_id = p_run_id and l.id > p_after_id
    order by l.id
    limit p_limit;
end
$$;
comment on function ops.read_run_logs is 'The lines of a run after a known one.';
revoke all on function ops.read_run_logs from public;
grant execute on function ops.read_run_logs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.read_run_logs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
