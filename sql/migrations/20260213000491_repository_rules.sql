-- The rules that protect a project's data as the newest commit of its default branch has them, in odooops.yaml.
create table ops.repository_rules (
    project_id uuid primary key references ops.projects (id) on delete cascade,
    rules jsonb not null check (jsonb_typeof(rules) = 'object'),
    git_sha text not null check (git_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
    run_id uuid not null references ops.runs (id),
    recorded_at timestamptz not null default clock_timestamp()
);
create index repository_rules_run_idx on ops.repository_rules (run_id);
comment on table ops.repository_rules is
'The rules under protect in odooops.yaml, as the head of the default branch has them; where stricter, they hold.';
comment on column ops.repository_rules.project_id is 'The project.';
comment on column ops.repository_rules.rules is 'The rules by type of policy: {"retention": {"daily": 30}}.';
comment on column ops.repository_rules.git_sha is 'The commit that brought them.';
comment on column ops.repository_rules.run_id is 'The run that read them.';
comment on column ops.repository_rules.recorded_at is 'When they last changed.';
