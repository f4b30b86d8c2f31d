-- Workflows drive what pushes and clocks queue, and runs name the workflow that asked for them. Tools are pinned by digest.
-- Of both, who changed what and when is recorded.
drop function if exists ops.queue_run(
    uuid, text, text, text, ops.run_kind, text, text, int, text, jsonb, int, uuid
);

drop function if exists ops.create_backup(uuid, text, text, text, text, text, int, jsonb);

alter table ops.workflows
add column set_by text check (set_by <> ''),
add column set_at timestamptz not null default clock_timestamp();
comment on column ops.workflows.config is
'Which pushes the workflow takes, and what its runs are given; ops.workflow_config_fields lists the fields.';
comment on column ops.workflows.is_enabled is 'Whether pushes, clocks and people may ask for runs by it.';
comment on column ops.workflows.set_by is 'Who set it last.';
comment on column ops.workflows.set_at is 'When it was set last.';

-- a run keeps its workflow: one with runs is disabled, not deleted
alter table ops.run_requests add column workflow_id uuid references ops.workflows (id);
create index run_requests_workflow_idx on ops.run_requests (workflow_id, run_id) where workflow_id is not null;
comment on column ops.run_requests.workflow_id is 'The workflow that asked for the run; null if none did.';

alter table ops.tools
add column digest text check (digest ~ '^sha256:[0-9a-f]{64}$'),
add column set_by text check (set_by <> ''),
add column set_at timestamptz not null default clock_timestamp();
-- a name and a tag alone may be another image tomorrow; rows of before are pinned when they are next set
alter table ops.tools add constraint tools_are_pinned check (docker_image is null or digest is not null) not valid;
comment on column ops.tools.digest is 'The image''s digest, which alone is sure to be the same image tomorrow.';
comment on column ops.tools.set_by is 'Who set it last.';
comment on column ops.tools.set_at is 'When it was set last.';

create table ops.tool_changes (
    id bigint generated always as identity primary key,
    tool text not null check (tool <> ''),
    old_value jsonb,
    new_value jsonb,
    changed_by text not null check (changed_by <> ''),
    changed_at timestamptz not null default clock_timestamp(),
    -- what changes nothing is no change
    check (old_value is distinct from new_value)
);
create index tool_changes_tool_idx on ops.tool_changes (tool, id desc);
comment on table ops.tool_changes is 'Every change of a tool''s version, image or settings; append-only.';
comment on column ops.tool_changes.id is 'Order of the changes.';
comment on column ops.tool_changes.tool is 'The tool''s name.';
comment on column ops.tool_changes.old_value is 'The tool before; null if there was none.';
comment on column ops.tool_changes.new_value is 'The tool since; null if it was removed.';
comment on column ops.tool_changes.changed_by is 'Who changed it.';
comment on column ops.tool_changes.changed_at is 'When it was changed.';
