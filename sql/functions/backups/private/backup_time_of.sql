-- Returns the last time at which a backup was due, p_every_hours apart from the night's, and its key: the night's day, and
-- the time's number where it is not the first of the night. The night's last time is the last one that comes before the
-- same hour of the next day, however long the clock makes the day.
-- Called by queue_nightly_backups. Locks and raises nothing.
create or replace function ops_private.backup_time_of(
    p_now timestamptz,
    p_night date,
    p_night_due_at timestamptz,
    p_every_hours int
)
returns table (key text, due_at timestamptz)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with time as (
    select least(
        floor(extract(epoch from p_now - p_night_due_at) / 3600 / p_every_hours),
        ceil(24.0 / p_every_hours) - 1
    )::int as number
)
select
    to_char(p_night, 'YYYY-MM-DD') || case when t.number > 0 then format(', time %s', t.number + 1) else '' end,
    p_night_due_at + make_interval(hours => t.number * p_every_hours)
from time as t
$$;
comment on function ops_private.backup_time_of is 'The last time at which a backup was due.';
revoke all on function ops_private.backup_time_of from public;
