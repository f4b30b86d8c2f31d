-- Refuses event types that a persona may not send: such a key would only collect refusals. Called by create_event_key.
-- Locks nothing; raises PT400.
create or replace function ops_private.refuse_key_events(
    p_persona text,
    p_event_types text[]
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_foreign text;
begin
    select string_agg(t.event_type, ', ' order by t.event_type) into v_foreign
    from unnest(p_event_types) as t (event_type)
    where not exists (
        select from ops.roles as r
        where r.role = p_persona and r.permissions && ops_private.event_permissions(t.event_type)
    );
    if v_foreign is not null then
        raise sqlstate 'PT400' using
            message = format('A %s does not send %s', p_persona, v_foreign),
            hint = 'ci_service_role sends build_complete, qa_tester and release_manager gate_signoff, sre the others.';
    end if;
end
$$;
comment on function ops_private.refuse_key_events is 'Refuses event types that a persona may not send.';
revoke all on function ops_private.refuse_key_events from public;
