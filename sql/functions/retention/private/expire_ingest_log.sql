-- Deletes log rows of deliveries older than their project's retention, at most p_limit rows; rows without a
-- project have the platform's retention. What is sent again that late is refused, see refuse_replay. Locks the
-- rows. A retry continues.
create or replace function ops_private.expire_ingest_log(
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
        select p.id, v_now - make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'ingest_days')::int) as since
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
comment on function ops_private.expire_ingest_log is 'Deletes the log of deliveries past its time.';
revoke all on function ops_private.expire_ingest_log from public;
