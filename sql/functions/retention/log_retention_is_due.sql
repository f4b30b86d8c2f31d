-- Returns whether the log retention has something to do: months of log lines or events that no project keeps any longer,
-- months without a partition, expired deliveries, or single expired log lines, which are looked for once a day because
-- no index finds them. p_last_at is the start of the last retention that succeeded.
-- Called by the schedule log_retention. While the record waits for a person nothing is removed. Locks and raises nothing.
-- Definer: it calls helpers that only the owner may execute.
create or replace function ops.log_retention_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
select
    not ops.is_unconfirmed() and (
        p_last_at is null or p_last_at <= p_now - interval '1 day'
        or exists (
            select from ops.list_partitions('run_logs') as p
            where p.held_until <= p_now - make_interval(days => ops_private.longest_ttl('log_days'))
        )
        or exists (
            select from ops.list_partitions('run_events') as p
            where p.held_until <= p_now - make_interval(days => ops_private.longest_ttl('event_days'))
        )
        or exists (select from ops_private.months_without_partition('run_logs', 'timestamp', 3))
        or exists (select from ops_private.months_without_partition('run_events', 'created_at', 3))
        or exists (
            select from ops.event_ingest_log as l
            where l.received_at < p_now - make_interval(days => ops_private.longest_ttl('ingest_days'))
        )
        or exists (
            select from ops.outbox as o
            where
                o.ended_at < p_now - make_interval(days => ops_private.longest_ttl('ingest_days'))
                and (o.channel = 'forge' or o.state not in ('failed', 'open'))
        )
    )
$$;
comment on function ops.log_retention_is_due is 'Whether log lines, deliveries or events are past their time.';
revoke all on function ops.log_retention_is_due from public;
grant execute on function ops.log_retention_is_due to service_role, ops_worker;
