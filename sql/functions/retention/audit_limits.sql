-- Returns the time by this server, when the record began, and since when retention has kept events of runs and
-- deliveries: what is older may be gone.
-- Called by the job audit_anchor and `ops audit verify`. Locks and raises nothing.
-- Definer: it calls a helper that only the owner may execute.
create or replace function ops.audit_limits()
returns table (taken_at timestamptz, began_at timestamptz, events_since timestamptz, deliveries_since timestamptz)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
select
    clock_timestamp(),
    least(
        (select c.created_at from ops.control_plane as c),
        (select min(p.created_at) from ops.projects as p),
        (select min(l.received_at) from ops.event_ingest_log as l)
    ),
    (select max(c.events_before) from ops.checkpoints as c),
    clock_timestamp() - make_interval(days => (
        select min((ops_private.rules_in_force(p.id, 'ttl') ->> 'ingest_days')::int)
        from (select project.id from ops.projects as project union all select null) as p
    ))
$$;
comment on function ops.audit_limits is 'When the record began, and since when retention keeps its parts.';
revoke all on function ops.audit_limits from public;
grant execute on function ops.audit_limits to service_role, ops_worker, ops_operator, audit_reader;
