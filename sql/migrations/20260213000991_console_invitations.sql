-- Who may sign in at the console through an OpenID Connect provider, and as whom.
create table ops.console_invitations (
    id uuid primary key default gen_random_uuid(),
    email text not null check (email = lower(btrim(email)) and email like '_%@_%'),
    person text not null check (btrim(person) <> ''),
    user_id uuid,
    personas text[] not null default '{}' check (
        personas <@ array['qa_tester', 'release_manager', 'sre', 'developer', 'audit_reader']
    ),
    invited_by text not null check (invited_by <> ''),
    invited_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    issuer text check (issuer <> ''),
    subject text check (subject <> ''),
    accepted_at timestamptz,
    withdrawn_at timestamptz,
    withdrawn_by text,
    constraint console_invitations_act_as_one check ((user_id is not null) = (personas = '{}')),
    constraint console_invitations_accepted_whole check (num_nulls(issuer, subject, accepted_at) = any(array[0, 3])),
    constraint console_invitations_withdrawn_by_somebody check ((withdrawn_at is null) = (withdrawn_by is null))
);
-- one person is invited once, and is one person at the provider
create unique index console_invitations_email_idx on ops.console_invitations (email) where withdrawn_at is null;
create unique index console_invitations_subject_idx on ops.console_invitations (issuer, subject)
where withdrawn_at is null;
comment on table ops.console_invitations is
'Who may sign in at the console through a provider, and as whom. Rows stay as the record.';
comment on column ops.console_invitations.email is 'The address that the provider has to have verified, in lower case.';
comment on column ops.console_invitations.person is 'The name under which every act is recorded.';
comment on column ops.console_invitations.user_id is 'The member of projects that the person is; null with personas.';
comment on column ops.console_invitations.personas is 'The personas among which the person may choose.';
comment on column ops.console_invitations.invited_by is 'Who invited.';
comment on column ops.console_invitations.expires_at is 'Until when it can be accepted.';
comment on column ops.console_invitations.issuer is 'The provider, by the first sign-in.';
comment on column ops.console_invitations.subject is 'Who the person is there, whatever the address becomes.';
comment on column ops.console_invitations.accepted_at is 'When the person first signed in.';
comment on column ops.console_invitations.withdrawn_at is 'When the person could sign in no more.';
comment on column ops.console_invitations.withdrawn_by is 'Who withdrew it.';

alter table ops.console_sessions
add column invitation_id uuid references ops.console_invitations (id);
create index console_sessions_invitation_idx on ops.console_sessions (invitation_id) where invitation_id is not null;
comment on column ops.console_sessions.invitation_id is 'The invitation by which the person signed in, if any.';
