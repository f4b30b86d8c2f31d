-- What happened to environments, and every delivery that told of something.
create type ops.ops_processing_status as enum (
    'accepted', -- ingest_event, first time
    'duplicate', -- ingest_event, told again
    'rejected' -- ingest_event refused it; error says why
);

create table ops.environment_events (
    id bigint generated always as identity primary key,
    project_id uuid not null references ops.projects (id),
    environment_id uuid references ops.environments (id),
    environment text not null check (environment <> ''),
    event text not null check (event <> ''),
    payload jsonb not null default '{}' check (jsonb_typeof(payload) = 'object'),
    source text not null check (source <> ''),
    recorded_by text not null check (recorded_by <> ''),
    occurred_at timestamptz not null default clock_timestamp(),
    created_at timestamptz not null default clock_timestamp()
);
create index environment_events_project_idx on ops.environment_events (project_id, id desc);
create index environment_events_environment_idx on ops.environment_events (environment_id, id desc)
where environment_id is not null;
comment on table ops.environment_events is 'What happened to environments, append-only.';

create table ops.event_ingest_log (
    id bigint generated always as identity primary key,
    idempotency_key text,
    schema_version text,
    event_type text,
    source text,
    project_id uuid references ops.projects (id) on delete set null,
    release_id uuid references ops.releases (id) on delete set null,
    processing_status ops.ops_processing_status not null,
    http_status int not null check (http_status between 200 and 499),
    error text,
    envelope jsonb,
    envelope_sha256 text not null check (envelope_sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes int not null check (size_bytes >= 0),
    caller_role text not null,
    caller_id text not null,
    received_at timestamptz not null default clock_timestamp(),
    -- a refusal says why, and nothing else does
    check ((processing_status = 'rejected') = (error is not null)),
    check ((processing_status = 'rejected') = (http_status >= 400)),
    -- what was accepted is known by its key
    check (processing_status <> 'accepted' or idempotency_key is not null)
);
-- nothing is written twice: a key is accepted once; what was refused may be sent again, mended
create unique index event_ingest_log_idempotency_key_idx on ops.event_ingest_log (idempotency_key)
where processing_status = 'accepted';
create index event_ingest_log_project_idx on ops.event_ingest_log (project_id, id desc) where project_id is not null;
create index event_ingest_log_release_idx on ops.event_ingest_log (release_id, id desc) where release_id is not null;
create index event_ingest_log_received_idx on ops.event_ingest_log (received_at);
comment on table ops.event_ingest_log is 'Every delivery of an event, the refused ones too, and what came of it.';
