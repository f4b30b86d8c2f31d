-- What a run leaves behind: lines, files, answers and lineage.
create type ops.log_level as enum ('debug', 'info', 'warn', 'error');

create table ops.run_logs (
    id bigint generated always as identity primary key,
    run_id uuid not null references ops.run_requests (run_id) on delete cascade,
    attempt int not null,
    level ops.log_level not null,
    message text not null,
    metadata jsonb not null default '{}',
    logged_at timestamptz not null default clock_timestamp()
);
create index run_logs_run_idx on ops.run_logs (run_id, id);
create index run_logs_level_idx on ops.run_logs (run_id, level) where level in ('warn', 'error');
create index run_logs_search_idx on ops.run_logs using gin (to_tsvector('simple', message));
comment on table ops.run_logs is 'Log lines of runs, searchable by word.';

create table ops.run_artifacts (
    id uuid primary key default gen_random_uuid(),
    run_id uuid not null references ops.run_requests (run_id) on delete cascade,
    attempt int not null,
    artifact_key text not null check (artifact_key <> ''),
    s3_url text not null check (s3_url <> ''),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    content_type text not null default 'application/octet-stream',
    size_bytes bigint not null check (size_bytes >= 0),
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    unique (run_id, artifact_key)
);
comment on table ops.run_artifacts is 'Where a run''s files are kept, and the hash that each must have.';

create table ops.run_checks (
    id uuid primary key default gen_random_uuid(),
    run_id uuid not null references ops.run_requests (run_id) on delete cascade,
    attempt int not null,
    name text not null check (name <> ''),
    passed boolean not null,
    blocking boolean not null default true,
    summary text not null,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    unique (run_id, attempt, name)
);
comment on table ops.run_checks is 'Yes/no questions that a run answered.';

create table ops.run_lineage (
    id bigint generated always as identity primary key,
    run_id uuid not null references ops.run_requests (run_id) on delete cascade,
    attempt int not null,
    asset_key text not null check (asset_key <> ''),
    partition_key text,
    code_version text,
    data_version text,
    inputs jsonb not null default '{}',
    created_at timestamptz not null default now(),
    unique (run_id, attempt, asset_key)
);
comment on table ops.run_lineage is 'Which asset each run made, by which recipe, from which inputs.';
