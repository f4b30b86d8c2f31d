-- Returns whether the janitor has something to look for: since its last round a run ended or the time of a replaced
-- database was over; a person decided about an orphan; and every ten minutes in any case, for what the record does not
-- know. p_last_at is the start of the last round that succeeded.
-- Called by the sensor housekeeping. Locks and raises nothing.
create or replace function ops.janitor_is_due(
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
    p_last_at is null or p_last_at <= p_now - interval '10 minutes'
    -- Ids are ordered by time: only the runs of the last day are read.
    or exists (
        select from ops.runs as r
        where
            r.id > encode(
                substring(int8send((extract(epoch from p_now - interval '1 day') * 1000)::bigint) from 3)
                || '\x00000000000000000000', 'hex'
            )::uuid
            and r.finished_at >= p_last_at
    )
    or exists (
        select from ops.restores as s where s.keep_previous_until between p_last_at and p_now
    )
    or exists (select from ops.orphans as o where o.decision is not null)
$$;
comment on function ops.janitor_is_due is 'Whether the janitor has a reason to go round.';
revoke all on function ops.janitor_is_due from public;
grant execute on function ops.janitor_is_due to service_role, ops_worker;
