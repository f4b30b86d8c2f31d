-- Deletes the log of deliveries past its project's time, at most p_limit rows; what belongs to no project has the
-- platform's time. A delivery that old, sent again, is taken as a new one.
-- Called by expire_rows. Locks the rows. A retry goes on.
create or replace function ops.expire_ingest_log(
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
begin
    return query
    with kept as materialized (
        select p.id, v_now - make_interval(days => (ops.rules_in_force(p.id, 'ttl') ->> 'ingest_days')::int) as since
        from (select project.id from ops.projects as project union all select null) as p
    ), old as materialized (
        select l.id
        from ops.event_ingest_log as l
        join kept as k on k.id is not distinct from l.project_id
        where l.received_at < k.since and l.received_at < (select max(newest.since) from kept as newest)
        order by l.received_at
        limit p_limit
    ), deleted as (
        delete from ops.event_ingest_log as l using old
        where l.id = old.id
        returning l.project_id
    )
    select 'event_ingest_log', 'deleted', null::text, d.project_id, count(*), null::text[], null::text
    from deleted as d
    group by d.project_id;
end
$$;
comment on function ops.expire_ingest_log is 'Deletes the log of deliveries past its time.';
revoke all on function ops.expire_ingest_log from public;
