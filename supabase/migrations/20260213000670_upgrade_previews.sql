-- What an upgrade would do to production, tried on a copy: one row per preview that was carried out to its end. A copy
-- for a preview is a purpose of its own: its data go to no environment.
alter type ops.restore_purpose add value if not exists 'upgrade';
create table ops.upgrade_previews (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    environment_id uuid not null references ops.environments (id) on delete cascade,
    run_id uuid not null,
    backup_id uuid not null,
    engine text not null check (engine ~ '^[a-z_]{1,50}$'),
    source_series text not null,
    target_series text not null,
    source_digest text not null,
    image_digest text not null check (image_digest ~ '^sha256:[0-9a-f]{64}$'),
    git_sha text not null check (git_sha ~ '^[0-9a-f]{40}$'),
    verdict text not null check (verdict in ('green', 'yellow', 'red')),
    summary text not null check (btrim(summary) <> ''),
    seconds numeric not null check (seconds >= 0),
    downtime_seconds numeric check (downtime_seconds >= 0),
    new_errors int not null check (new_errors >= 0),
    new_warnings int not null check (new_warnings >= 0),
    evidence_id uuid not null references ops.evidence_artifacts (id),
    report jsonb not null check (jsonb_typeof(report) = 'object'),
    created_at timestamptz not null default clock_timestamp(),
    unique (run_id), -- a run previews once, however many attempts it takes
    foreign key (run_id, project_id) references ops.run_requests (run_id, project_id),
    foreign key (backup_id, project_id) references ops.backups (id, project_id)
);
create index upgrade_previews_project_idx on ops.upgrade_previews (project_id, created_at desc);
create index upgrade_previews_image_idx on ops.upgrade_previews (image_digest, project_id, created_at desc);
create index upgrade_previews_environment_idx on ops.upgrade_previews (environment_id);
create index upgrade_previews_run_idx on ops.upgrade_previews (run_id, project_id);
create index upgrade_previews_backup_idx on ops.upgrade_previews (backup_id, project_id);
create index upgrade_previews_evidence_idx on ops.upgrade_previews (evidence_id);
comment on table ops.upgrade_previews is
'Upgrades tried on a sanitized copy of production, with what they did and the verdict; append-only.';
comment on column ops.upgrade_previews.environment_id is 'Whose branch has the code; the data are production''s.';
comment on column ops.upgrade_previews.backup_id is 'The backup of which the copy was made.';
comment on column ops.upgrade_previews.engine is 'How it was upgraded: same_series, openupgrade, service.';
comment on column ops.upgrade_previews.source_digest is 'The build that served the data.';
comment on column ops.upgrade_previews.image_digest is
'The build that was tried; a release of it is what may be promoted.';
comment on column ops.upgrade_previews.git_sha is 'The commit that was tried.';
comment on column ops.upgrade_previews.verdict is
'green: nothing stands against it; yellow: read it first; red: promotion is refused.';
comment on column ops.upgrade_previews.summary is 'The verdict''s first reason, in one line.';
comment on column ops.upgrade_previews.seconds is 'How long the preview took.';
comment on column ops.upgrade_previews.downtime_seconds is
'How long nobody could work; empty if the upgrade did not get that far.';
comment on column ops.upgrade_previews.new_errors is 'Errors that the version in use does not log.';
comment on column ops.upgrade_previews.new_warnings is 'Warnings that the version in use does not log.';
comment on column ops.upgrade_previews.report is
'The whole report; docs/reference/upgrade-report.schema.json describes it.';
