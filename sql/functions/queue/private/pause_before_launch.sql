-- Returns how long a run waits after so many failed launches: 5 seconds, then twice as long each time, at most 5
-- minutes; null after the sixteenth, about an hour, when it is given up. Locks and raises nothing.
create or replace function ops_private.pause_before_launch(
    p_in_vain int
)
returns interval
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select make_interval(secs => least(5 * 2 ^ (p_in_vain - 1), 300)) where p_in_vain < 16
$$;
comment on function ops_private.pause_before_launch is 'How long a run waits that could not be started.';
revoke all on function ops_private.pause_before_launch from public;
