-- Says what is unfinished or due next, so that whoever looks for work can rest until it is announced: whether runs are
-- unfinished, and the seconds until a message and the poll of a repository are due, which is null where none is and at
-- most an hour. A delivery that waits is due now. p_poll_seconds is how long a repository rests between two polls.
-- Called by the engine's sensors before they rest. Locks and raises nothing.
create or replace function ops.work_ahead(
    p_poll_seconds int
)
returns table (has_runs boolean, message_in_seconds double precision, poll_in_seconds double precision)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_message timestamptz := (select min(o.next_at) from ops.outbox as o where o.status = 'waiting');
    v_poll timestamptz := (
        select min(greatest(
            case when p.notified_at is null then p.last_polled_at end, p.poll_failed_at, 'epoch'::timestamptz
        ))
        from ops.projects as p
        where p.status = 'active' and (p.poll_enabled or p.notified_at is not null)
    ) + make_interval(secs => p_poll_seconds);
begin
    if exists (select from ops.push_deliveries as d where d.processed_at is null) then
        v_poll := v_now;
    end if;
    return query
    select
        exists (select from ops.runs as r where r.status = 'queued')
        or exists (select from ops.runs as r where r.status in ('claimed', 'running')),
        extract(epoch from least(v_message, v_now + interval '1 hour') - v_now)::double precision,
        extract(epoch from least(v_poll, v_now + interval '1 hour') - v_now)::double precision;
end
$$;
comment on function ops.work_ahead is 'What is unfinished, and in how many seconds the next is due.';
revoke all on function ops.work_ahead from public;
grant execute on function ops.work_ahead to service_role, ops_worker;
