-- Lists the waiting runs in claim order, with the reason why each waits and how long such runs usually work; people see
-- their own projects'.
-- Called by people and `ops run queue`. Locks and raises nothing.
create or replace function ops.list_queued_runs()
returns table (
    "position" bigint,
    run_id uuid,
    project_slug text,
    run_number bigint,
    kind ops.run_kind,
    partition_key text,
    priority int,
    age interval,
    waits_for text,
    usual_duration interval
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        q."position", q.run_id, q.project_slug, q.run_number, q.kind, q.partition_key, q.priority, q.age, q.waits_for,
        q.usual_duration
    from ops.v_run_queue as q
    order by q."position";
end
$$;
comment on function ops.list_queued_runs is 'What waits, in order, and for what.';
revoke all on function ops.list_queued_runs from public;
grant execute on function ops.list_queued_runs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.list_queued_runs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
