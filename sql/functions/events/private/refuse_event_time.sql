-- Refuses a time that is invalid or in the future; it tolerates five minutes of difference between clocks.
-- Locks nothing; raises PT400.
create or replace function ops_private.refuse_event_time(p_time text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_time::timestamptz > statement_timestamp() + interval '5 minutes' then
        perform ops_private.refuse_field('occurred_at', 'must not be in the future');
    end if;
exception when invalid_datetime_format or datetime_field_overflow or invalid_parameter_value then
    perform ops_private.refuse_field('occurred_at', 'must be a time that exists');
end
$$;
comment on function ops_private.refuse_event_time is 'Refuses a time that does not exist or is still to come.';
revoke all on function ops_private.refuse_event_time from public;
