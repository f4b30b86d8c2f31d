-- Returns the last night whose hour has passed at p_now: the day in the time zone, and the moment from which its backup
-- is due. An hour that the clock skips counts from the moment of the jump; an hour that the clock repeats counts once,
-- at its first time.
-- Called by queue_nightly_backups. Locks nothing. Raises 22023 for an unknown time zone.
create or replace function ops_private.night_of(
    p_now timestamptz,
    p_hour int,
    p_time_zone text
)
returns table (day date, due_at timestamptz)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with night as (
    select (p_now at time zone p_time_zone)::date + offsets.days as day
    from generate_series(-2, 1) as offsets (days)
), late as (
    select n.day, (n.day + make_interval(hours => p_hour)) at time zone p_time_zone as due_at
    from night as n
), moment as (
    -- PostgreSQL takes the second of two equal local times; no clock goes back by more than two hours
    select l.day, min(l.due_at - s.shift) as due_at
    from late as l
    cross join (
        values (interval '0'), (interval '30 minutes'), (interval '1 hour'), (interval '2 hours')
    ) as s (shift)
    where s.shift = interval '0' or (l.due_at - s.shift) at time zone p_time_zone = l.due_at at time zone p_time_zone
    group by l.day
)
select m.day, m.due_at from moment as m
where m.due_at <= p_now
order by m.day desc
limit 1
$$;
comment on function ops_private.night_of is 'The last night whose hour has passed.';
revoke all on function ops_private.night_of from public;
