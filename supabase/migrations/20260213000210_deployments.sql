-- Where releases went, and what happened there.
create type ops.deployment_status as enum (
    'pending', -- promote_release
    'running', -- deployment_event
    'succeeded', -- deployment_event
    'failed' -- deployment_event
);
create type ops.incident_status as enum ('open', 'resolved');
create type ops.incident_severity as enum ('minor', 'major', 'critical');

create table ops.deployments (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    release_id uuid not null,
    environment_id uuid,
    stage ops.environment_stage not null,
    status ops.deployment_status not null default 'pending',
    image_digest text not null,
    git_shas jsonb not null,
    backup_id uuid,
    no_backup_reason text check (no_backup_reason <> ''),
    rollback_of uuid,
    reason text check (reason <> ''),
    run_id uuid,
    requested_by text not null check (requested_by <> ''),
    g4_status ops.ops_gate_status not null default 'pending',
    g4_deadline_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    -- what is deployed is what was tested
    foreign key (release_id, project_id, image_digest, git_shas)
    references ops.releases (id, project_id, image_digest, git_shas),
    foreign key (environment_id, project_id, stage) references ops.environments (id, project_id, stage),
    foreign key (backup_id, project_id) references ops.backups (id, project_id),
    unique (id, project_id, stage),
    -- a rollback takes back a deployment to the same place
    foreign key (rollback_of, project_id, stage) references ops.deployments (id, project_id, stage),
    foreign key (run_id, project_id) references ops.run_requests (run_id, project_id),
    check (rollback_of <> id),
    -- a rollback says why
    check (rollback_of is null or reason is not null),
    -- production is left a way back, or says why there is none
    check (stage <> 'production' or backup_id is not null or no_backup_reason is not null),
    check ((finished_at is not null) = (status in ('succeeded', 'failed')))
);
create index deployments_release_idx on ops.deployments (release_id, project_id, image_digest, git_shas);
create index deployments_environment_idx on ops.deployments (environment_id, project_id, stage)
where environment_id is not null;
create index deployments_backup_idx on ops.deployments (backup_id, project_id) where backup_id is not null;
create index deployments_rollback_idx on ops.deployments (rollback_of, project_id, stage) where rollback_of is not null;
create index deployments_run_idx on ops.deployments (run_id, project_id) where run_id is not null;
create index deployments_newest_idx on ops.deployments (project_id, stage, created_at desc);
-- one deployment at a time to a place
create unique index deployments_one_at_work_idx on ops.deployments (environment_id)
where status in ('pending', 'running') and environment_id is not null;
comment on table ops.deployments is 'Releases brought to staging and production, and the rollbacks.';

create table ops.gate_checks (
    id uuid primary key default gen_random_uuid(),
    gate_id uuid not null references ops.release_gates (id) on delete cascade,
    deployment_id uuid references ops.deployments (id) on delete cascade,
    run_id uuid references ops.run_requests (run_id) on delete set null,
    name text not null check (name <> ''),
    status ops.check_status not null,
    summary text not null default '',
    metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    source text not null default 'sql' check (source <> ''),
    occurred_at timestamptz not null default clock_timestamp(),
    created_at timestamptz not null default clock_timestamp()
);
create index gate_checks_gate_idx on ops.gate_checks (gate_id, name, created_at desc);
create index gate_checks_deployment_idx on ops.gate_checks (deployment_id) where deployment_id is not null;
create index gate_checks_run_idx on ops.gate_checks (run_id) where run_id is not null;
comment on table ops.gate_checks is 'Answers to the questions of a gate; the newest of each name counts.';

create table ops.exceptions (
    id uuid primary key default gen_random_uuid(),
    release_id uuid not null references ops.releases (id) on delete cascade,
    gate_id uuid not null,
    gate_code ops.ops_gate_code not null,
    release_author text not null,
    reason text not null check (btrim(reason) <> ''),
    is_break_glass boolean not null default false,
    requested_by text not null check (requested_by <> ''),
    granted_by text check (granted_by <> ''),
    granted_at timestamptz,
    expires_at timestamptz not null,
    revoked_by text check (revoked_by <> ''),
    revoked_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    foreign key (gate_id, release_id, gate_code)
    references ops.release_gates (id, release_id, gate_code) on delete cascade,
    foreign key (release_id, release_author) references ops.releases (id, created_by),
    unique (id, release_id),
    check ((granted_by is null) = (granted_at is null)),
    check ((revoked_by is null) = (revoked_at is null)),
    check (expires_at > created_at),
    -- four eyes: the author waives nothing; glass is broken when nobody else is there
    check (is_break_glass or granted_by <> release_author),
    -- broken glass does not wait for a second person, and is short-lived
    check (not is_break_glass or (granted_at is not null and expires_at <= created_at + interval '4 hours'))
);
create index exceptions_gate_idx on ops.exceptions (gate_id, release_id, gate_code);
create index exceptions_release_idx on ops.exceptions (release_id, release_author);
create index exceptions_live_idx on ops.exceptions (gate_id, expires_at)
where granted_at is not null and revoked_at is null;
comment on table ops.exceptions is 'Gates waived by a named person, for a reason, until a time.';

create table ops.evidence_artifacts (
    id uuid primary key default gen_random_uuid(),
    release_id uuid references ops.releases (id) on delete cascade,
    gate_id uuid references ops.release_gates (id) on delete cascade,
    check_id uuid references ops.gate_checks (id) on delete cascade,
    run_id uuid references ops.run_requests (run_id) on delete cascade,
    kind text not null check (kind <> ''),
    s3_url text not null check (s3_url <> ''),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    content_type text not null default 'application/octet-stream',
    size_bytes bigint not null default 0 check (size_bytes >= 0),
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default clock_timestamp(),
    -- never orphaned: evidence is of something
    check (num_nonnulls(release_id, gate_id, check_id, run_id) > 0),
    -- the same object, told twice
    unique nulls not distinct (sha256, kind, release_id, gate_id, check_id, run_id)
);
create index evidence_artifacts_release_idx on ops.evidence_artifacts (release_id) where release_id is not null;
create index evidence_artifacts_gate_idx on ops.evidence_artifacts (gate_id) where gate_id is not null;
create index evidence_artifacts_check_idx on ops.evidence_artifacts (check_id) where check_id is not null;
create index evidence_artifacts_run_idx on ops.evidence_artifacts (run_id) where run_id is not null;
comment on table ops.evidence_artifacts is
'Objects that prove something, by their hash, and what they prove; append-only.';

create table ops.incidents (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    deployment_id uuid references ops.deployments (id),
    exception_id uuid references ops.exceptions (id),
    severity ops.incident_severity not null default 'major',
    status ops.incident_status not null default 'open',
    title text not null check (btrim(title) <> ''),
    description text not null default '',
    opened_by text not null check (opened_by <> ''),
    opened_at timestamptz not null default clock_timestamp(),
    resolved_by text,
    resolved_at timestamptz,
    resolution text,
    check ((status = 'resolved') = (resolved_at is not null)),
    check ((resolved_at is null) = (resolved_by is null) and (resolved_at is null) = (resolution is null))
);
create index incidents_project_idx on ops.incidents (project_id, opened_at desc);
create index incidents_deployment_idx on ops.incidents (deployment_id) where deployment_id is not null;
-- breaking glass opens one incident
create unique index incidents_exception_idx on ops.incidents (exception_id) where exception_id is not null;
comment on table ops.incidents is 'What went wrong in production, who took it and how it ended.';

create table ops.recovery_drills (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    backup_id uuid not null,
    restore_id uuid references ops.restores (id),
    run_id uuid,
    evidence_id uuid references ops.evidence_artifacts (id),
    passed boolean,
    rto_seconds numeric check (rto_seconds >= 0),
    rpo_seconds numeric check (rpo_seconds >= 0),
    summary text not null default '',
    report jsonb not null default '{}' check (jsonb_typeof(report) = 'object'),
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    foreign key (backup_id, project_id) references ops.backups (id, project_id),
    foreign key (run_id, project_id) references ops.run_requests (run_id, project_id),
    check ((finished_at is null) = (passed is null)),
    -- a drill that passed measured what it promises, and can show it
    check (passed is not true or (rto_seconds is not null and rpo_seconds is not null and evidence_id is not null))
);
create index recovery_drills_project_idx on ops.recovery_drills (project_id, started_at desc);
create index recovery_drills_backup_idx on ops.recovery_drills (backup_id, project_id);
create index recovery_drills_restore_idx on ops.recovery_drills (restore_id) where restore_id is not null;
create index recovery_drills_run_idx on ops.recovery_drills (run_id, project_id) where run_id is not null;
create index recovery_drills_evidence_idx on ops.recovery_drills (evidence_id) where evidence_id is not null;
comment on table ops.recovery_drills is
'Backups restored and booted to prove them, with the time that took and the data that would be lost.';
