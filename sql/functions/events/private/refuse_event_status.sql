-- Refuses a status that events of this type do not have. Locks nothing; raises PT400.
create or replace function ops_private.refuse_event_status(
    p_type text,
    p_status text
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_type in ('build_complete', 'health_check') and ops_private.check_status_of(p_status) is null then
        perform ops_private.refuse_field('status', 'must be pass, fail or skipped');
    elsif p_type = 'deployment_event' and p_status not in ('running', 'succeeded', 'failed') then
        perform ops_private.refuse_field('status', 'must be running, succeeded or failed');
    end if;
end
$$;
comment on function ops_private.refuse_event_status is 'Refuses a status that events of this type do not have.';
revoke all on function ops_private.refuse_event_status from public;
