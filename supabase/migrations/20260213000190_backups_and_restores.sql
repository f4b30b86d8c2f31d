-- Backups, and what they were used for.
create type ops.backup_status as enum (
    'pending', -- create_backup
    'running', -- record_backup_start
    'stored', -- record_backup_stored: the manifest is written, nothing was read back yet
    'verified', -- record_backup_verified: every object was re-read and hashed
    'failed', -- record_backup_failed, and the end of a run that left it unfinished
    'dropped' -- drop_backup: retention or a person let it go; the row stays
);
create type ops.restore_purpose as enum ('restore', 'clone', 'drill');
create type ops.restore_status as enum (
    'pending', -- restore_backup
    'running', -- record_restore_start
    'succeeded', -- record_restore_end
    'failed' -- record_restore_end, and the end of a run that left it unfinished
);

alter table ops.environments
-- what promotions and backups say of an environment has to be true of it
add constraint environments_identity_key unique (id, project_id, stage);
alter table ops.run_requests
add constraint run_requests_project_key unique (run_id, project_id);

create table ops.backups (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    environment_id uuid not null,
    stage ops.environment_stage not null,
    run_id uuid,
    attempt int,
    status ops.backup_status not null default 'pending',
    label text check (label <> ''),
    manifest_url text,
    manifest_sha256 text check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
    format_version int,
    database_name text,
    odoo_version text,
    size_bytes bigint check (size_bytes >= 0),
    stored_bytes bigint check (stored_bytes >= 0),
    object_count int check (object_count >= 0),
    git_sha text,
    image_digest text,
    metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    requested_by text,
    error_message text,
    created_at timestamptz not null default now(),
    taken_at timestamptz,
    stored_at timestamptz,
    verified_at timestamptz,
    dropped_at timestamptz,
    drop_reason text,
    held_at timestamptz,
    held_by text,
    hold_reason text,
    foreign key (environment_id, project_id, stage)
    references ops.environments (id, project_id, stage) on delete cascade,
    -- backed up by a run of the same project
    foreign key (run_id, project_id) references ops.run_requests (run_id, project_id),
    unique (id, project_id),
    -- what is stored can be found and checked
    check (
        status not in ('stored', 'verified')
        or num_nulls(manifest_url, manifest_sha256, taken_at, stored_at) = 0
    ),
    -- good means that it was read back
    check (status <> 'verified' or verified_at is not null),
    -- an end has its time and its reason
    check ((status = 'dropped') = (dropped_at is not null)),
    check (dropped_at is null or drop_reason is not null),
    check (status <> 'failed' or error_message is not null),
    -- a hold says by whom and why, and what is held is not dropped
    check ((held_at is null) = (held_by is null) and (held_at is null) = (hold_reason is null)),
    check (held_at is null or dropped_at is null)
);
create index backups_project_idx on ops.backups (project_id);
create index backups_environment_idx on ops.backups (environment_id, project_id, stage);
create index backups_run_idx on ops.backups (run_id, project_id) where run_id is not null;
-- freshness, and the newest backup to clone from
create index backups_verified_idx on ops.backups (environment_id, taken_at desc) where status = 'verified';
comment on table ops.backups is
'Copies of an environment''s database and filestore; good only once they were read back.';
comment on column ops.backups.taken_at is 'The moment whose data it holds: when its dump began.';
comment on column ops.backups.stored_bytes is 'What it added to the store.';

create table ops.restores (
    id uuid primary key default gen_random_uuid(),
    backup_id uuid not null,
    project_id uuid not null references ops.projects (id) on delete cascade,
    environment_id uuid,
    run_id uuid,
    attempt int,
    purpose ops.restore_purpose not null default 'restore',
    status ops.restore_status not null default 'pending',
    database_name text,
    previous_database_name text,
    keep_previous_until timestamptz,
    masking_profile text,
    report jsonb not null default '{}' check (jsonb_typeof(report) = 'object'),
    requested_by text,
    error_message text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    -- a project gets its own data only
    foreign key (backup_id, project_id) references ops.backups (id, project_id),
    foreign key (environment_id) references ops.environments (id) on delete set null,
    foreign key (run_id, project_id) references ops.run_requests (run_id, project_id),
    -- an end has its time
    check ((finished_at is not null) = (status in ('succeeded', 'failed'))),
    check (status <> 'failed' or error_message is not null)
);
create index restores_backup_idx on ops.restores (backup_id, project_id);
create index restores_project_idx on ops.restores (project_id);
create index restores_environment_idx on ops.restores (environment_id) where environment_id is not null;
create index restores_run_idx on ops.restores (run_id, project_id) where run_id is not null;
comment on table ops.restores is 'Uses of a backup: restored, cloned with its data made harmless, or tried in a drill.';
comment on column ops.restores.report is 'What was neutralised, masked and asserted.';
