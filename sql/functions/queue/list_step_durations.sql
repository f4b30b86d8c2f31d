-- Lists how long each step took in a project's newest runs of a kind that succeeded, the oldest first: one row per step
-- and run, among its last 500 runs. Called by the console's plots. Locks and raises nothing; people see their own
-- projects'.
create or replace function ops.list_step_durations(
    p_project_id uuid,
    p_kind ops.run_kind,
    p_limit int default 30
)
returns table (step text, run_number bigint, seconds float8)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as ops.usual_duration
as $$
#variable_conflict use_column
begin
    return query
    with past as (
        select run.id, run.attempt, run.started_at, recent.run_number
        from (
            select q.run_id, q.run_number from ops.run_requests as q
            where q.project_id = p_project_id
            order by q.run_number desc
            limit 500
        ) as recent
        join ops.runs as run on run.id = recent.run_id and run.kind = p_kind and run.status = 'succeeded'
        order by recent.run_number desc
        limit p_limit
    )
    select
        l.asset_key, p.run_number,
        extract(epoch from l.created_at - lag(l.created_at, 1, p.started_at) over (
            partition by l.run_id order by l.created_at, l.id
        ))::float8
    from past as p
    join ops.run_lineage as l on l.run_id = p.id and l.attempt = p.attempt
    order by p.run_number, l.created_at, l.id;
end
$$;
comment on function ops.list_step_durations is 'How long each step took in a project''s newest runs of a kind.';
revoke all on function ops.list_step_durations from public;
grant execute on function ops.list_step_durations to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.list_step_durations
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
