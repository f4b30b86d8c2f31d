-- Adds an event to the run's chain; level is info, warning (or warn) or error. Called by workers, and by operators for
-- a run that is not claimed yet.
-- Locks the run's row. Raises PT404, PT400 and PT410. A retry adds the event again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.append_event(
    run_id uuid,
    level text,
    message text,
    payload jsonb default '{}',
    p_attempt int default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type ops.event_type := case append_event.level
        when 'debug' then 'info' when 'info' then 'info' when 'warn' then 'warning' when 'warning' then 'warning'
        when 'error' then 'error'
    end::ops.event_type;
    v_attempt int;
begin
    if v_type is null or append_event.message is null then
        raise sqlstate 'PT400' using
            message = 'An event has a message and is info, warning or error',
            hint = 'State changes write their own events.';
    end if;
    select r.attempt into v_attempt from ops.runs as r where r.id = append_event.run_id for no key update;
    if v_attempt > 0 or p_attempt is not null then
        perform ops_private.require_attempt(append_event.run_id, p_attempt);
    end if;
    perform ops_private.write_event(
        append_event.run_id, v_type, append_event.message, coalesce(append_event.payload, '{}')
    );
end
$$;
comment on function ops.append_event is 'Adds an event to a run''s chain.';
revoke all on function ops.append_event from public;
grant execute on function ops.append_event to service_role, ops_worker;
