-- A branch made to run. A destroyed environment keeps its row: its name may be taken again by the next generation.
create type ops.environment_stage as enum ('development', 'staging', 'production');
create type ops.environment_status as enum (
    'pending', -- ensure_environment
    'building', -- shown while its first run works
    'running', -- record_deployment, set_environment_status
    'stopped', -- set_environment_status
    'failed', -- complete_workflow_run, when nothing was ever deployed
    'destroyed' -- record_destruction
);

create table ops.environments (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    name text not null check (name <> ''),
    branch text not null check (branch <> ''),
    stage ops.environment_stage not null,
    generation int not null default 1 check (generation > 0),
    partition_key text not null unique,
    status ops.environment_status not null default 'pending',
    url text,
    port int check (port between 1 and 65535),
    database_name text,
    image_digest text,
    deployed_sha text,
    deployed_run_id uuid,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    destroyed_at timestamptz,
    unique (project_id, name, generation),
    -- destroyed is an end, with its time
    check ((status = 'destroyed') = (destroyed_at is not null)),
    -- what runs has an address
    check (status <> 'running' or (url is not null and database_name is not null))
);
-- a branch has one living environment
create unique index environments_one_live_idx on ops.environments (project_id, name) where destroyed_at is null;
-- a database serves one living environment
create unique index environments_database_idx on ops.environments (database_name)
where destroyed_at is null and database_name is not null;
comment on table ops.environments is 'Branches made to run, each with one stage, one database and one address.';
