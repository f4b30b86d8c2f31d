-- Lists the steps that the current attempt of a run has finished, one per asset, each with the time since the one before,
-- and the median that it took in the last ten runs of the kind in the project that succeeded, among its last 500.
-- Called by the console. Locks and raises nothing; people see their own projects'.
create or replace function ops.list_run_steps(p_run_id uuid)
returns table (step text, finished_at timestamptz, seconds float8, usual_seconds float8)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as ops.usual_duration
as $$
#variable_conflict use_column
begin
    return query
    with asked as (
        select r.id, r.project_id, r.kind, r.attempt from ops.runs as r where r.id = p_run_id
    ), past as (
        select run.id, run.attempt
        from asked as a
        cross join lateral (
            select q.run_id, q.run_number from ops.run_requests as q
            where q.project_id = a.project_id
            order by q.run_number desc
            limit 500
        ) as recent
        join ops.runs as run on run.id = recent.run_id and run.kind = a.kind and run.status = 'succeeded'
        where run.id <> a.id
        order by recent.run_number desc
        limit 10
    ), steps as (
        select
            l.run_id, l.asset_key, l.created_at,
            extract(epoch from l.created_at - lag(l.created_at, 1, r.started_at) over (
                partition by l.run_id order by l.created_at, l.id
            ))::float8 as seconds
        from (select p.id, p.attempt from past as p union all select a.id, a.attempt from asked as a) as c
        join ops.runs as r on r.id = c.id
        join ops.run_lineage as l on l.run_id = c.id and l.attempt = c.attempt
    )
    select
        s.asset_key, s.created_at, s.seconds,
        (
            select percentile_cont(0.5) within group (order by o.seconds) from steps as o
            where o.asset_key = s.asset_key and o.run_id <> p_run_id
        )
    from steps as s
    where s.run_id = p_run_id
    order by s.created_at;
end
$$;
comment on function ops.list_run_steps is 'The steps that a run has finished, and how long each usually takes.';
revoke all on function ops.list_run_steps from public;
grant execute on function ops.list_run_steps to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.list_run_steps
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
