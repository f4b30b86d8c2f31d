-- Returns how long a project's runs of a kind usually work: the median of the last ten that succeeded, among its last
-- 500 runs; null without any. People see their own projects'.
-- Called by v_run_queue and `ops run show`. Locks and raises nothing.
create or replace function ops.usual_duration(
    p_project_id uuid,
    p_kind ops.run_kind
)
returns interval
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return (
        select date_trunc('second', percentile_cont(0.5) within group (order by done.duration))
        from (
            select r.finished_at - r.started_at as duration
            from (
                select q.run_id, q.run_number from ops.run_requests as q
                where q.project_id = p_project_id
                order by q.run_number desc
                limit 500
            ) as recent
            join ops.runs as r on r.id = recent.run_id and r.kind = p_kind and r.status = 'succeeded'
            order by recent.run_number desc
            limit 10
        ) as done
    );
end
$$;
comment on function ops.usual_duration is 'How long a project''s runs of a kind usually work.';
revoke all on function ops.usual_duration from public;
grant execute on function ops.usual_duration to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.usual_duration
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
