-- Makes a link that signs a person in at the console once, within a minute, and returns the session's id. The caller made
-- the link's token, 256 random bits, and sends its SHA-256: the database never sees what signs in. The person acts as the
-- member p_user_id, or as one of p_personas at a time, at first the first one.
-- Called by `ops console` and the service role. Locks nothing. Raises PT400 for values that no session has, PT403 for a
-- login of the platform that makes one that decides for a person. A retry makes another link.
-- Definer: nobody may write sessions directly; only operators and the service role may execute this.
create or replace function ops.create_console_link(
    person text,
    p_link_sha256 text,
    p_personas text[] default '{}',
    p_user_id uuid default null,
    p_created_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    perform ops_private.require_signing_off(p_personas);
    if ops.person_of(create_console_link.person) is null then
        raise sqlstate 'PT400' using message = 'A session is somebody''s', hint = 'Name the person.';
    end if;
    insert into ops.console_sessions (person, user_id, personas, persona, link_sha256, link_expires_at, created_by)
    values (
        create_console_link.person, p_user_id, p_personas, p_personas[1], p_link_sha256,
        clock_timestamp() + interval '1 minute', coalesce(p_created_by, ops.caller_id(), ops.caller_role())
    )
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation or unique_violation then
    raise sqlstate 'PT400' using
        message = 'No session may have these values', detail = sqlerrm,
        hint = 'A session is a member''s, or has personas that people may be.';
end
$$;
comment on function ops.create_console_link is 'Makes a link that signs a person in at the console once.';
revoke all on function ops.create_console_link from public;
grant execute on function ops.create_console_link to service_role, ops_operator;
