-- Returns the minutes from Monday 00:00 to a time of the week such as `fri 16:00`; null for any other text.
-- Called by freeze_reason and window_fault. Reads, locks and raises nothing.
create or replace function ops.minute_of_week(p_time text)
returns int
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select (array_position('{mon,tue,wed,thu,fri,sat,sun}'::text[], m[1]) - 1) * 1440 + m[2]::int * 60 + m[3]::int
from regexp_match(p_time, '^(mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):([0-5][0-9])$') as m
$$;
comment on function ops.minute_of_week is 'Minutes from Monday 00:00 to a time of the week.';
revoke all on function ops.minute_of_week from public;
grant execute on function ops.minute_of_week to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.minute_of_week
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
