-- Returns the fault of a freeze window, or null if it is valid; ops.freeze_reason describes the format. Locks and
-- raises nothing. A moment must have its offset, so that the window is the same for every reader.
create or replace function ops_private.window_fault(p_window jsonb)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_moment text := '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$';
    v_from text := p_window ->> 'from';
    v_to text := p_window ->> 'to';
begin
    if jsonb_typeof(p_window) <> 'object' or p_window - '{from,to,reason,time_zone}'::text[] <> '{}'
        or exists (select from jsonb_each(p_window) as w where jsonb_typeof(w.value) <> 'string')
        or v_from is null or v_to is null or btrim(coalesce(p_window ->> 'reason', '')) = '' then
        return 'is a list of windows with from, to and reason';
    elsif p_window ? 'time_zone' then
        if not exists (select from pg_catalog.pg_timezone_names as z where z.name = p_window ->> 'time_zone') then
            return format('names a time zone that does not exist, %s', p_window ->> 'time_zone');
        elsif ops.minute_of_week(v_from) is null or ops.minute_of_week(v_to) is null or v_from = v_to then
            return 'has weekly windows between two times such as fri 16:00';
        end if;
        return null;
    elsif v_from !~ v_moment or v_to !~ v_moment or v_from::timestamptz >= v_to::timestamptz then
        return 'has windows between two moments such as 2026-12-24T00:00Z, or weekly ones with a time_zone';
    end if;
    return null;
exception when invalid_datetime_format or datetime_field_overflow then
    return 'has windows between two moments such as 2026-12-24T00:00Z, or weekly ones with a time_zone';
end
$$;
comment on function ops_private.window_fault is 'What is wrong with a freeze window, if anything is.';
revoke all on function ops_private.window_fault from public;
