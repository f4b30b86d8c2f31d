-- Begins the session of an invited person, whom a provider has identified, under the SHA-256 of a cookie that the caller
-- made. p_email is null unless the provider verified it: it counts at the first sign-in, which binds the invitation to who
-- the person is at the provider; afterwards p_issuer and p_subject alone do.
-- Called by the gateway, which has checked the provider's signature. Locks the invitation. Raises PT403 for who is not
-- invited. A retry with the same cookie is refused.
-- Definer: the gateway may not read invitations or write sessions; who is not invited learns only that.
create or replace function ops.sign_in_invited(
    p_issuer text,
    p_subject text,
    p_email text,
    p_session_sha256 text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_invitation ops.console_invitations;
begin
    select i.* into v_invitation from ops.console_invitations as i
    where i.issuer = p_issuer and i.subject = p_subject and i.withdrawn_at is null;
    if not found then
        update ops.console_invitations as i set issuer = p_issuer, subject = p_subject, accepted_at = v_now
        where i.email = lower(btrim(p_email)) and i.withdrawn_at is null and i.accepted_at is null and i.expires_at > v_now
        returning i.* into v_invitation;
    end if;
    if v_invitation.id is null then
        raise sqlstate 'PT403' using
            message = format('%s is not invited to this console', coalesce(p_email, 'Who has no verified address')),
            hint = 'Ask the operator for it: ops invitation create.';
    end if;
    insert into ops.console_sessions (
        person, user_id, personas, persona, link_sha256, link_expires_at, created_by, session_sha256, began_at,
        last_used_at, idle_at, expires_at, invitation_id
    )
    values (
        v_invitation.person, v_invitation.user_id, v_invitation.personas, v_invitation.personas[1],
        -- no link leads to it
        encode(sha256(uuid_send(gen_random_uuid())), 'hex'), v_now, p_issuer, p_session_sha256, v_now,
        v_now, v_now + interval '12 hours', v_now + interval '7 days', v_invitation.id
    );
end
$$;
comment on function ops.sign_in_invited is 'Begins the session of a person whom a provider has identified.';
revoke all on function ops.sign_in_invited from public;
grant execute on function ops.sign_in_invited to service_role, ops_gateway;
