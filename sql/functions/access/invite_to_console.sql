-- Lets the person with this e-mail address sign in at the console through a provider, as the member p_user_id or as one
-- of p_personas at a time, and returns the invitation's id. It can be accepted for p_days days.
-- Called by `ops invitation create` and the service role. Locks nothing. Raises PT400 for values that no session has, PT403
-- for a login of the platform that names who signs off gates, PT409 for an address that is invited already. A retry is
-- refused.
-- Definer: nobody may write invitations directly; only operators and the service role may execute this.
create or replace function ops.invite_to_console(
    p_email text,
    p_person text,
    p_personas text[] default '{}',
    p_user_id uuid default null,
    p_days int default 7,
    p_invited_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_email text := lower(btrim(p_email));
    v_id uuid;
begin
    perform ops_private.require_signing_off(p_personas);
    if ops.person_of(p_person) is null then
        raise sqlstate 'PT400' using message = 'An invitation is somebody''s', hint = 'Name the person.';
    end if;
    -- one that nobody accepted in time holds up no other
    update ops.console_invitations as i
    set withdrawn_at = clock_timestamp(), withdrawn_by = coalesce(p_invited_by, ops.caller_id(), ops.caller_role())
    where i.email = v_email and i.withdrawn_at is null and i.accepted_at is null and i.expires_at <= clock_timestamp();
    insert into ops.console_invitations (email, person, user_id, personas, invited_by, expires_at)
    values (
        v_email, p_person, p_user_id, p_personas, coalesce(p_invited_by, ops.caller_id(), ops.caller_role()),
        clock_timestamp() + make_interval(days => p_days)
    )
    returning id into v_id;
    return v_id;
exception
    when unique_violation then
        raise sqlstate 'PT409' using
            message = format('%s is invited already', v_email),
            hint = format('ops invitation withdraw %s, then invite again.', v_email);
    when check_violation or not_null_violation then
        raise sqlstate 'PT400' using
            message = 'No invitation may have these values', detail = sqlerrm,
            hint = 'It is for an e-mail address, and for a member or personas that people may be.';
end
$$;
comment on function ops.invite_to_console is 'Lets a person sign in at the console through a provider.';
revoke all on function ops.invite_to_console from public;
grant execute on function ops.invite_to_console to service_role, ops_operator;
