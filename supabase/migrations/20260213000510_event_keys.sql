-- Keys of machines that send events through POST /v1/events: each acts as one persona, and is only kept as a hash.
create table ops.event_keys (
    id uuid primary key default gen_random_uuid(),
    prefix text not null unique check (prefix ~ '^[0-9a-f]{12}$'),
    key_sha256 text not null check (key_sha256 ~ '^[0-9a-f]{64}$'),
    name text not null check (btrim(name) <> ''),
    persona text not null check (persona in ('ci_service_role', 'qa_tester', 'release_manager', 'sre')),
    event_types text[] not null check (
        event_types <> '{}' and event_types <@ array[
            'build_complete', 'gate_signoff', 'deployment_event', 'health_check', 'environment_event'
        ]
    ),
    project_id uuid references ops.projects (id) on delete cascade,
    approver_id text check (btrim(approver_id) <> ''),
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    rotated_from uuid references ops.event_keys (id),
    revoked_by text check (revoked_by <> ''),
    revoked_at timestamptz,
    check ((revoked_by is null) = (revoked_at is null)),
    check (expires_at > created_at),
    -- a decision is a person's: a key that signs off signs as one person, and no other key names one
    check ((approver_id is not null) = (event_types @> array['gate_signoff']))
);
create index event_keys_project_idx on ops.event_keys (project_id) where project_id is not null;
create index event_keys_rotated_idx on ops.event_keys (rotated_from) where rotated_from is not null;
comment on table ops.event_keys is 'Keys of machines that send events; each acts as one persona.';
comment on column ops.event_keys.prefix is 'The part of the key that is shown: opsk_<prefix>_….';
comment on column ops.event_keys.key_sha256 is
'Hash of the hash that the gateway sends; the key itself is kept nowhere.';
comment on column ops.event_keys.name is 'What the key is for.';
comment on column ops.event_keys.persona is 'The role as which its events are judged.';
comment on column ops.event_keys.event_types is 'The events that it may send.';
comment on column ops.event_keys.project_id is 'The only project that it may speak of; null for every project.';
comment on column ops.event_keys.approver_id is 'The person as whom it signs off.';
comment on column ops.event_keys.last_used_at is 'When it was last used, to the minute.';
comment on column ops.event_keys.rotated_from is 'The key that this one replaces.';
