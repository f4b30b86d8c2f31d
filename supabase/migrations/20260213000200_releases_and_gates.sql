-- Releases and their four gates: G1 build and checks, G2 sign-off on staging, G3 approval, G4 health once deployed.
create type ops.ops_gate_code as enum ('G1', 'G2', 'G3', 'G4');
create type ops.ops_release_status as enum (
    'candidate', -- create_release
    'staging', -- a deployment to staging succeeded
    'released', -- a deployment to production succeeded
    'rolled_back', -- a rollback took it out of production
    'withdrawn' -- withdraw_release
);
create type ops.ops_gate_status as enum (
    'pending', -- create_release; nothing decides it yet
    'passed', -- evaluate_gate
    'failed', -- evaluate_gate
    'bypassed' -- evaluate_gate, while an exception is active
);
create type ops.ops_decision_type as enum ('approved', 'rejected');
create type ops.check_status as enum ('passed', 'failed', 'skipped');

create table ops.releases (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    version text not null check (version <> ''),
    status ops.ops_release_status not null default 'candidate',
    git_shas jsonb not null check (jsonb_typeof(git_shas) = 'object' and git_shas <> '{}'),
    image_digest text not null check (image_digest ~ '^sha256:[0-9a-f]{64}$'),
    created_by text not null check (created_by <> ''),
    run_id uuid,
    notes text,
    created_at timestamptz not null default now(),
    withdrawn_at timestamptz,
    unique (project_id, version),
    unique (id, project_id),
    -- what others repeat of a release has to be true of it: its author, its project and what it is made of
    unique (id, created_by),
    unique (id, project_id, image_digest, git_shas),
    foreign key (run_id, project_id) references ops.run_requests (run_id, project_id),
    check ((status = 'withdrawn') = (withdrawn_at is not null))
);
create index releases_run_idx on ops.releases (run_id, project_id) where run_id is not null;
create index releases_newest_idx on ops.releases (project_id, created_at desc);
comment on table ops.releases is 'Immutable candidates: a version, the commit of every repository, one image.';
comment on column ops.releases.git_shas is 'Commit by repository; what is deployed must equal it.';

-- The rules are those of the day the release was made: tightening a policy later does not move the posts of a release
-- already judged.
create table ops.release_gates (
    id uuid primary key default gen_random_uuid(),
    release_id uuid not null references ops.releases (id) on delete cascade,
    gate_code ops.ops_gate_code not null,
    status ops.ops_gate_status not null default 'pending',
    merit ops.ops_gate_status not null default 'pending' check (merit <> 'bypassed'),
    required_checks text[] not null default '{}',
    quorum int not null default 1 check (quorum between 1 and 20),
    window_seconds int not null default 900 check (window_seconds > 0),
    deadline_at timestamptz,
    reason text,
    evaluated_at timestamptz,
    created_at timestamptz not null default now(),
    unique (release_id, gate_code),
    unique (id, release_id, gate_code),
    -- only health has a deadline, counted from the deployment
    check (deadline_at is null or gate_code = 'G4')
);
comment on table ops.release_gates is 'The four questions a release must answer.';
comment on column ops.release_gates.merit is 'What checks and approvals say, exceptions left aside.';
comment on column ops.release_gates.status is
'Merit and exceptions together when last evaluated; ops.v_gate_status says it for now.';

create table ops.approvals (
    id uuid primary key default gen_random_uuid(),
    release_id uuid not null references ops.releases (id) on delete cascade,
    gate_id uuid not null,
    gate_code ops.ops_gate_code not null check (gate_code in ('G2', 'G3')),
    approver_id text not null check (approver_id <> ''),
    persona_role text not null,
    decision ops.ops_decision_type not null,
    rationale_structured jsonb not null default '{}' check (jsonb_typeof(rationale_structured) = 'object'),
    release_author text not null,
    source text not null default 'sql' check (source <> ''),
    created_at timestamptz not null default clock_timestamp(),
    foreign key (gate_id, release_id, gate_code)
    references ops.release_gates (id, release_id, gate_code) on delete cascade,
    foreign key (release_id, release_author) references ops.releases (id, created_by),
    -- four eyes: nobody approves what they authored
    check (approver_id <> release_author),
    -- each gate has its persona
    check ((gate_code, persona_role) in (('G2', 'qa_tester'), ('G3', 'release_manager')))
);
create index approvals_gate_idx on ops.approvals (gate_id, release_id, gate_code, approver_id, created_at desc);
create index approvals_release_idx on ops.approvals (release_id, release_author);
comment on table ops.approvals is 'Decisions of persons on gates, append-only; the newest of each person counts.';
