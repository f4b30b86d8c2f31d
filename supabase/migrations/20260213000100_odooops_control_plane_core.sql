-- Projects, who belongs to them, what they run and with which tools: the seeds' tables that change by hand.
create type ops.project_status as enum ('active', 'archived');
create type ops.membership_role as enum ('viewer', 'developer', 'admin', 'owner'); -- ordered: each may do what the ones before it may
create type ops.workflow_type as enum ('build', 'test', 'deploy', 'backup', 'upgrade');
create type ops.advisory_severity as enum ('info', 'warning', 'critical');

create table ops.projects (
    id uuid primary key default gen_random_uuid(),
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    workspace_key text not null unique check (workspace_key <> ''),
    odoo_version text not null check (odoo_version ~ '^[0-9]+\.[0-9]+$'),
    repo_url text not null check (repo_url <> ''),
    default_branch text not null default 'main' check (default_branch <> ''),
    poll_enabled boolean not null default true,
    last_polled_at timestamptz,
    config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    status ops.project_status not null default 'active',
    created_at timestamptz not null default now(),
    archived_at timestamptz,
    -- an archived project says since when
    check ((status = 'archived') = (archived_at is not null))
);
comment on table ops.projects is 'One Odoo product each: its slug, series and repository.';

-- Apart from the wide row, so that numbering a run locks and rewrites eight bytes.
create table ops.project_counters (
    project_id uuid primary key references ops.projects (id) on delete cascade,
    last_run_number bigint not null default 0 check (last_run_number >= 0)
) with (fillfactor = 50);
comment on table ops.project_counters is 'The number of each project''s newest run.';

create table ops.project_memberships (
    project_id uuid not null references ops.projects (id) on delete cascade,
    user_id uuid not null,
    role ops.membership_role not null,
    created_at timestamptz not null default now(),
    primary key (project_id, user_id)
);
create index project_memberships_user_idx on ops.project_memberships (user_id);
comment on table ops.project_memberships is 'Who belongs to which project, as what.';

create table ops.workflows (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    name text not null check (name <> ''),
    workflow_type ops.workflow_type not null,
    config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    is_enabled boolean not null default true,
    created_at timestamptz not null default now(),
    unique (project_id, name)
);
comment on table ops.workflows is 'Named ways of running a project''s work, with their settings.';

create table ops.tools (
    id uuid primary key default gen_random_uuid(),
    name text not null unique check (name <> ''),
    version text not null,
    docker_image text,
    config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    created_at timestamptz not null default now()
);
comment on table ops.tools is 'Tools that runs use, each at one version.';

create table ops.upgrade_advisories (
    id uuid primary key default gen_random_uuid(),
    from_version text not null,
    to_version text not null check (to_version <> from_version),
    breaking_changes jsonb not null default '[]' check (jsonb_typeof(breaking_changes) = 'array'),
    migration_guides jsonb not null default '[]' check (jsonb_typeof(migration_guides) = 'array'),
    severity ops.advisory_severity not null default 'info',
    created_at timestamptz not null default now(),
    unique (from_version, to_version)
);
comment on table ops.upgrade_advisories is 'What breaks between two Odoo versions, and where to read how to go on.';
