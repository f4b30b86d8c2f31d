-- Deletes log lines older than their project's retention, at most p_limit of them, and returns the count per project.
-- Locks the lines. A retry continues.
create or replace function ops_private.expire_logs(
    p_limit int
)
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_newest timestamptz;
begin
    -- this bound skips the months without expired lines
    select max(v_now - make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'log_days')::int)) into v_newest
    from ops.projects as p;
    return query
    with kept as materialized (
        select p.id, v_now - make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'log_days')::int) as since
        from ops.projects as p
    ), old as materialized (
        select l.run_id, l.id, l.timestamp, q.project_id
        from ops.run_logs as l
        join ops.run_requests as q on q.run_id = l.run_id
        join kept as k on k.id = q.project_id
        where l.timestamp < v_newest and l.timestamp < k.since
        limit p_limit
    ), deleted as (
        delete from ops.run_logs as l using old
        where l.run_id = old.run_id and l.id = old.id and l.timestamp = old.timestamp
        returning old.project_id
    )
    select 'run_logs', 'deleted', null::text, d.project_id, count(*), null::text[], null::text
    from deleted as d
    group by d.project_id;
end
$$;
comment on function ops_private.expire_logs is 'Deletes log lines past their project''s time.';
revoke all on function ops_private.expire_logs from public;
