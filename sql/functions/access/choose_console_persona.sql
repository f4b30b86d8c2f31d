-- Lets the bearer of a session's cookie act as another of the session's personas. Called by the gateway. Locks the
-- session. Raises PT401 for a session that does not work, PT403 for a persona that is not among its own. A retry is
-- harmless.
-- Definer: the gateway may not write sessions; who has none changes nothing.
create or replace function ops.choose_console_persona(
    p_session_sha256 text,
    persona text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_session jsonb := ops.authenticate_console_session(p_session_sha256);
begin
    update ops.console_sessions as s set persona = choose_console_persona.persona
    where s.session_sha256 = p_session_sha256 and choose_console_persona.persona = any (s.personas);
    if not found then
        raise sqlstate 'PT403' using
            message = format('%s did not sign in as %s', v_session ->> 'person', choose_console_persona.persona),
            hint = 'Make a link for it: ops console --persona.';
    end if;
end
$$;
comment on function ops.choose_console_persona is 'Lets a session act as another of its personas.';
revoke all on function ops.choose_console_persona from public;
grant execute on function ops.choose_console_persona to service_role, ops_gateway;
