-- Returns whether the record shall be anchored: an hour has passed since p_last_at, the start of the last anchoring that
-- succeeded, and something may have been put on the record meanwhile; or a day has passed.
-- Called by the schedule audit_anchor. Locks and raises nothing.
create or replace function ops.audit_anchor_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    p_last_at is null or p_last_at <= p_now - interval '1 day'
    or p_last_at <= p_now - interval '1 hour' and (
        exists (select from ops.event_ingest_log as l where l.received_at >= p_last_at)
        or exists (
            select from ops.runs as r
            where r.status in ('queued', 'claimed', 'running') or r.finished_at >= p_last_at
        )
        or coalesce((select e.created_at from ops.environment_events as e order by e.id desc limit 1) >= p_last_at, false)
    )
$$;
comment on function ops.audit_anchor_is_due is 'Whether something was put on the record since it was anchored last.';
revoke all on function ops.audit_anchor_is_due from public;
grant execute on function ops.audit_anchor_is_due to service_role, ops_worker;
