-- Lists the permissions of which one is needed to send an event of this type, about this gate if one is named. Called by
-- functions that check senders. Reads, locks and raises nothing.
create or replace function ops_private.event_permissions(
    p_event_type text,
    p_gate_code text default null
)
returns text[]
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_event_type = 'build_complete' then '{ingest_build}'::text[]
    when p_event_type <> 'gate_signoff' then '{deploy}'
    when p_gate_code = 'G3' then '{sign_off_g3}'
    when p_gate_code is null then '{sign_off_g2,sign_off_g3}'
    else '{sign_off_g2}'
end
$$;
comment on function ops_private.event_permissions is 'What a sender of an event must be allowed.';
revoke all on function ops_private.event_permissions from public;
