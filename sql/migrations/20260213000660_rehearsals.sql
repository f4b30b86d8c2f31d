-- A release is rehearsed on a copy of production before it is promoted, and what the promotion takes is measured alike.
alter type ops.run_kind add value if not exists 'rehearse';
create table ops.rehearsals (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    release_id uuid not null references ops.releases (id) on delete cascade,
    environment_id uuid not null references ops.environments (id) on delete cascade,
    run_id uuid not null,
    backup_id uuid,
    shown_digest text not null check (shown_digest ~ '^[0-9a-f]{64}$'),
    phases jsonb not null default '{}' check (jsonb_typeof(phases) = 'object'),
    passed boolean,
    summary text not null default '',
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    -- a run of the same project rehearses once
    foreign key (run_id, project_id) references ops.run_requests (run_id, project_id) on delete cascade,
    unique (run_id),
    foreign key (backup_id, project_id) references ops.backups (id, project_id),
    -- it has an end when it has a result, and says what that was
    check ((passed is null) = (finished_at is null)),
    check (passed is null or summary <> '')
);
create index rehearsals_release_idx on ops.rehearsals (release_id, finished_at desc);
create index rehearsals_project_idx on ops.rehearsals (project_id);
create index rehearsals_environment_idx on ops.rehearsals (environment_id);
create index rehearsals_run_idx on ops.rehearsals (run_id, project_id);
create index rehearsals_backup_idx on ops.rehearsals (backup_id, project_id) where backup_id is not null;
comment on table ops.rehearsals is 'Promotions tried on a copy of production, and what each phase took.';
comment on column ops.rehearsals.id is 'The rehearsal.';
comment on column ops.rehearsals.project_id is 'The project.';
comment on column ops.rehearsals.release_id is 'The release that was tried.';
comment on column ops.rehearsals.environment_id is 'The production whose copy it was tried on.';
comment on column ops.rehearsals.run_id is 'The run.';
comment on column ops.rehearsals.backup_id is 'The backup from which the copy was made.';
comment on column ops.rehearsals.shown_digest is
'The digest of what the release was when it was tried, without its rehearsals: of anything else it proves nothing.';
comment on column ops.rehearsals.phases is 'Seconds of each phase: backup, copy, update, health, start.';
comment on column ops.rehearsals.passed is 'Whether a promotion would have succeeded; null while it is tried.';
comment on column ops.rehearsals.summary is 'The result in a sentence.';
comment on column ops.rehearsals.started_at is 'When its newest attempt began.';
comment on column ops.rehearsals.finished_at is 'When it ended.';
alter table ops.deployments
add column phases jsonb not null default '{}' check (jsonb_typeof(phases) = 'object');
comment on column ops.deployments.phases is 'Seconds of each phase: backup, copy, update, health, start.';
alter table ops.releases
add column prepared_at timestamptz,
add column prepared_by text check (prepared_by <> ''),
add column prepared_digest text check (prepared_digest ~ '^[0-9a-f]{64}$'),
add constraint releases_prepared_check check (num_nulls(prepared_at, prepared_by, prepared_digest) in (0, 3));
comment on column ops.releases.prepared_at is 'When its promotion was prepared: it waits for a person to say go.';
comment on column ops.releases.prepared_by is 'Who prepared it.';
comment on column ops.releases.prepared_digest is 'The digest of what was shown then: what differs waits no more.';
