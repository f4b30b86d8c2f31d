-- The settings of odooops.yaml for projects whose repository cannot bring them, and who changed which when.
create table ops.project_settings (
    project_id uuid not null references ops.projects (id) on delete cascade,
    key text not null check (key ~ '^[a-z_]+(\.[A-Za-z0-9_-]+)*$' and length(key) <= 200),
    -- a repository's file may be as large
    value jsonb not null check (jsonb_typeof(value) <> 'null' and length(value::text) <= 262144),
    set_by text not null check (set_by <> ''),
    set_at timestamptz not null default clock_timestamp(),
    primary key (project_id, key)
);
comment on table ops.project_settings is
'Settings of a project, by the keys of odooops.yaml; what the repository''s own file says comes before them.';
comment on column ops.project_settings.project_id is 'The project.';
comment on column ops.project_settings.key is 'Where the value belongs in odooops.yaml: odoo.options.limit_time_real.';
comment on column ops.project_settings.value is 'The value as JSON.';
comment on column ops.project_settings.set_by is 'Who set it last.';
comment on column ops.project_settings.set_at is 'When it was set last.';

create table ops.project_setting_changes (
    id bigint generated always as identity primary key,
    project_id uuid not null references ops.projects (id) on delete cascade,
    key text not null check (key <> ''),
    old_value jsonb,
    new_value jsonb,
    changed_by text not null check (changed_by <> ''),
    changed_at timestamptz not null default clock_timestamp(),
    -- what changes nothing is no change
    check (old_value is distinct from new_value)
);
create index project_setting_changes_project_idx on ops.project_setting_changes (project_id, id desc);
comment on table ops.project_setting_changes is 'Every change of a project''s settings; append-only.';
comment on column ops.project_setting_changes.id is 'Order of the changes.';
comment on column ops.project_setting_changes.project_id is 'The project.';
comment on column ops.project_setting_changes.key is 'The key in odooops.yaml.';
comment on column ops.project_setting_changes.old_value is 'The value before; null if there was none.';
comment on column ops.project_setting_changes.new_value is 'The value since; null if it was removed.';
comment on column ops.project_setting_changes.changed_by is 'Who changed it.';
comment on column ops.project_setting_changes.changed_at is 'When it was changed.';
