-- People sign in at the console by a link that works once; a session is that link, used.
create table ops.console_sessions (
    id uuid primary key default gen_random_uuid(),
    person text not null check (btrim(person) <> ''),
    user_id uuid,
    personas text[] not null default '{}' check (
        personas <@ array['qa_tester', 'release_manager', 'sre', 'developer', 'audit_reader']
    ),
    persona text,
    link_sha256 text not null unique check (link_sha256 ~ '^[0-9a-f]{64}$'),
    link_expires_at timestamptz not null,
    session_sha256 text unique check (session_sha256 ~ '^[0-9a-f]{64}$'),
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default clock_timestamp(),
    began_at timestamptz,
    last_used_at timestamptz,
    idle_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    -- somebody is either a member of projects or has personas, and acts as one of them at a time
    constraint console_sessions_act_as_one check (
        (user_id is not null) = (personas = '{}')
        and (persona is null) = (user_id is not null)
        and (persona is null or persona = any(personas))
    ),
    -- a session begins whole
    constraint console_sessions_begin_whole check (
        num_nulls(session_sha256, began_at, last_used_at, idle_at, expires_at) = any(array[0, 5])
    ),
    constraint console_sessions_end_by_somebody check ((ended_at is null) = (ended_by is null))
);
create index console_sessions_created_idx on ops.console_sessions (created_at desc);
comment on table ops.console_sessions is
'Who signed in at the console, as whom, and until when; a link that was not used yet too. Rows stay as the record.';
comment on column ops.console_sessions.person is 'Who signed in: the name under which every act is recorded.';
comment on column ops.console_sessions.user_id is 'The member of projects that the person is; null with personas.';
comment on column ops.console_sessions.personas is 'The personas among which the person may choose.';
comment on column ops.console_sessions.persona is 'The persona as which the person acts now.';
comment on column ops.console_sessions.link_sha256 is 'The SHA-256 of the link''s token, which works once.';
comment on column ops.console_sessions.link_expires_at is 'Until when the link works.';
comment on column ops.console_sessions.session_sha256 is 'The SHA-256 of the cookie; null until the link was used.';
comment on column ops.console_sessions.created_by is 'Who made the link.';
comment on column ops.console_sessions.began_at is 'When the link was used.';
comment on column ops.console_sessions.last_used_at is 'When the session was last used, to the minute.';
comment on column ops.console_sessions.idle_at is 'When the session ends unless it is used before.';
comment on column ops.console_sessions.expires_at is 'When the session ends, however much it is used.';
comment on column ops.console_sessions.ended_at is 'When somebody ended it, the person by signing out or an operator.';
comment on column ops.console_sessions.ended_by is 'Who ended it.';
