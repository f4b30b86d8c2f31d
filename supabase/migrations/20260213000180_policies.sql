-- What each project holds itself to; a row without a project is the platform's own default.
create type ops.policy_type as enum ('gates', 'promotion', 'ttl', 'backup', 'retention', 'clone');

create table ops.policies (
    id uuid primary key default gen_random_uuid(),
    project_id uuid references ops.projects (id) on delete cascade,
    policy_type ops.policy_type not null,
    rules jsonb not null check (jsonb_typeof(rules) = 'object'),
    updated_by text not null check (updated_by <> ''),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- one per project and type, and one default per type
    unique nulls not distinct (project_id, policy_type)
);
comment on table ops.policies is 'The rules of each project, by what they are about; without a project, for all.';
comment on column ops.policies.rules is
'Only the rules that differ from the default; the keys are those of ops.policy_defaults.';
