-- Shows who may sign in at the console through a provider, and as whom.
create view ops.v_console_invitations
with (security_invoker = true) as
select
    i.id as invitation_id,
    i.email,
    i.person,
    i.user_id,
    i.personas,
    e.status,
    i.invited_by,
    i.invited_at,
    i.expires_at,
    i.accepted_at,
    i.withdrawn_at,
    i.withdrawn_by
from ops.console_invitations as i
cross join lateral ( -- noqa: ST05
    select case
        when i.withdrawn_at is not null then 'withdrawn'
        when i.accepted_at is not null then 'accepted'
        when i.expires_at <= statement_timestamp() then 'expired'
        else 'offered'
    end as status
) as e;
comment on view ops.v_console_invitations is 'Invitations to the console, and what became of them.';
comment on column ops.v_console_invitations.invitation_id is 'The invitation''s id.';
comment on column ops.v_console_invitations.status is
'offered: it can be accepted; expired: not any more; accepted: the person signed in and may again; withdrawn.';
revoke all on ops.v_console_invitations from public, anon;
grant select on ops.v_console_invitations to service_role, ops_operator, audit_reader;
