-- The queue. What was asked never changes and carries the keys; what happens changes often and carries almost no index.
create type ops.run_kind as enum (
    'build', 'test', 'deploy', 'backup', 'restore', 'clone', 'upgrade', 'drill', 'promote', 'destroy'
);
create type ops.run_status as enum (
    'queued', -- queue_run; again by requeue_run and requeue_expired_runs
    'claimed', -- claim_runs, enroll_run
    'running', -- start_workflow_run, claim_and_start_runs
    'succeeded', -- complete_workflow_run
    'failed', -- complete_workflow_run, fail_run_of_dagster, and lease expiry after the last attempt
    'canceled' -- cancel_run while queued, complete_workflow_run, superseding
);
create type ops.event_type as enum ('state_change', 'error', 'warning', 'info');

create table ops.run_requests (
    run_id uuid primary key,
    project_id uuid not null references ops.projects (id) on delete cascade,
    environment_id uuid references ops.environments (id) on delete cascade,
    run_number bigint not null check (run_number > 0),
    requested_by text,
    config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    idempotency_key text check (idempotency_key <> ''),
    body_hash bytea not null,
    retry_of uuid references ops.run_requests (run_id) on delete set null,
    unique (project_id, run_number)
);
-- the same key is the same run
create unique index run_requests_idempotency_idx on ops.run_requests (project_id, idempotency_key)
where idempotency_key is not null;
create index run_requests_environment_idx on ops.run_requests (environment_id) where environment_id is not null;
create index run_requests_retry_idx on ops.run_requests (retry_of) where retry_of is not null;
comment on table ops.run_requests is
'What was asked for, once per run: never changed; its keys make a repeated request harmless.';

-- project_id, environment_id and run_number repeat the request's, without its keys, so that moving a run rewrites few
-- indexes.
-- What a run may be is said by ops.refuse_nonsense: a check is parsed again by every statement, and the queue moves by
-- statements.
create table ops.runs (
    id uuid primary key references ops.run_requests (run_id) on delete cascade,
    project_id uuid not null,
    environment_id uuid,
    run_number bigint not null,
    kind ops.run_kind not null,
    status ops.run_status not null default 'queued',
    trigger text not null,
    git_ref text,
    git_sha text,
    priority int not null default 0,
    turn bigint not null default 1, -- the project's place among the others: its second waiting run has the second turn
    attempt int not null default 0, -- the fencing token: how many times the run was claimed
    max_attempts int not null default 3,
    claimed_by text, -- empty once the attempt lost its lease
    dagster_run_id text,
    exit_code int,
    error_message text,
    created_at timestamptz not null,
    claimed_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    lease_expires_at timestamptz,
    cancel_requested_at timestamptz,
    event_count int not null default 0,
    event_hash bytea not null default '\x' -- hash of the newest event: cutting the chain's end shows here
) with (
    fillfactor = 70,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_threshold = 5000
);
create index runs_queue_idx on ops.runs (priority desc, turn, created_at) where status = 'queued';
create index runs_turn_idx on ops.runs (project_id, priority, turn) where status = 'queued';
create index runs_environment_idx on ops.runs (environment_id)
where status in ('queued', 'claimed', 'running') and environment_id is not null;
-- one run at a time works on an environment; it is also the list of runs at work, those without an environment included
create unique index runs_one_per_environment_idx on ops.runs (environment_id) where status in ('claimed', 'running');
-- a Dagster run works for one run
create unique index runs_dagster_run_idx on ops.runs (dagster_run_id) where dagster_run_id is not null;
comment on table ops.runs is 'The queue and its history: one row per thing asked for, and how it goes.';

-- No foreign key: events are written by the statement that writes their run, and neither is ever deleted.
create table ops.run_events (
    id bigint generated always as identity primary key,
    run_id uuid not null,
    seq int not null,
    attempt int not null,
    event_type ops.event_type not null,
    message text not null,
    payload jsonb not null default '{}',
    created_at timestamptz not null,
    prev_hash bytea not null,
    hash bytea not null,
    unique (run_id, seq)
);
comment on table ops.run_events is
'What happened to each run, append-only, each row sealed with the hash of the one before it.';

-- What a worker is handed: the run with the names that it needs to act.
create type ops.run_details as (
    id uuid,
    project_id uuid,
    project_slug text,
    environment_id uuid,
    partition_key text,
    run_number bigint,
    kind ops.run_kind,
    status ops.run_status,
    trigger text,
    requested_by text,
    git_ref text,
    git_sha text,
    priority int,
    attempt int,
    max_attempts int,
    claimed_by text,
    dagster_run_id text,
    config jsonb,
    exit_code int,
    error_message text,
    retry_of uuid,
    created_at timestamptz,
    claimed_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    cancel_requested_at timestamptz,
    lease_expires_at timestamptz
);
