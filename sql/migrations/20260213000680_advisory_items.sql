-- Each thing that changes between two series is a row of its own, and each import of a source is on the record.
create type ops.advisory_kind as enum (
    'module_renamed', 'module_merged', 'module_removed',
    'model_renamed', 'model_merged', 'model_moved', 'model_removed',
    'field_removed', 'field_changed', 'field_moved',
    'xml_id_removed', 'xml_id_moved', 'xml_id_changed',
    'note'
);
comment on type ops.advisory_kind is 'What happens to a module, model, field or XML id between two series.';

create table ops.upgrade_advisory_sources (
    id uuid primary key default gen_random_uuid(),
    advisory_id uuid not null references ops.upgrade_advisories (id) on delete cascade,
    -- null: for every project
    project_id uuid references ops.projects (id) on delete cascade,
    name text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
    number int not null check (number > 0),
    release text check (release <> ''),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    items_sha256 text not null check (items_sha256 ~ '^[0-9a-f]{64}$'),
    counts jsonb not null check (jsonb_typeof(counts) = 'object'),
    imported_by text not null check (imported_by <> ''),
    imported_at timestamptz not null default clock_timestamp(),
    unique nulls not distinct (advisory_id, project_id, name, number)
);
create index upgrade_advisory_sources_project_idx on ops.upgrade_advisory_sources (project_id);
comment on table ops.upgrade_advisory_sources is
'Every import of upgrade advisories, append-only; of a name the highest number counts.';
comment on column ops.upgrade_advisory_sources.advisory_id is 'The pair of series.';
comment on column ops.upgrade_advisory_sources.project_id is 'The project it is for; null for every project.';
comment on column ops.upgrade_advisory_sources.name is 'The source: openupgrade, or the name that a file gives itself.';
comment on column ops.upgrade_advisory_sources.number is 'Counts the imports of this source that changed something.';
comment on column ops.upgrade_advisory_sources.release is 'The source''s own version.';
comment on column ops.upgrade_advisory_sources.sha256 is 'SHA-256 of the files that were read.';
comment on column ops.upgrade_advisory_sources.items_sha256 is 'SHA-256 of what was read in them.';
comment on column ops.upgrade_advisory_sources.counts is 'How many items of each kind it has.';
comment on column ops.upgrade_advisory_sources.imported_by is 'Who imported it.';
comment on column ops.upgrade_advisory_sources.imported_at is 'When it was imported.';

create table ops.upgrade_advisory_items (
    id bigint generated always as identity primary key,
    source_id uuid not null references ops.upgrade_advisory_sources (id) on delete cascade,
    kind ops.advisory_kind not null,
    severity ops.advisory_severity not null,
    module text not null check (length(module) <= 256),
    subject text not null check (subject <> '' and length(subject) <= 1000),
    replacement text check (replacement <> '' and length(replacement) <= 1000),
    summary text not null check (summary <> '' and length(summary) <= 2000),
    guide text check (guide <> '' and length(guide) <= 2000),
    origin text check (origin <> '' and length(origin) <= 1000)
);
create index upgrade_advisory_items_source_idx on ops.upgrade_advisory_items (source_id, kind);
comment on table ops.upgrade_advisory_items is
'What changes between two series, one row per thing; those of a source''s newest import alone.';
comment on column ops.upgrade_advisory_items.source_id is 'The import that brought it.';
comment on column ops.upgrade_advisory_items.kind is 'What happens to the subject.';
comment on column ops.upgrade_advisory_items.severity is 'How bad it is for code that uses the subject.';
comment on column ops.upgrade_advisory_items.module is 'The module that has the subject in the older series.';
comment on column ops.upgrade_advisory_items.subject is
'A module, a model, a field as model.field, or a complete XML id.';
comment on column ops.upgrade_advisory_items.replacement is 'What takes the subject''s place, if that is known.';
comment on column ops.upgrade_advisory_items.summary is 'The change in one sentence.';
comment on column ops.upgrade_advisory_items.guide is 'What to do, or where to read it.';
comment on column ops.upgrade_advisory_items.origin is 'The file and line of the source.';

-- The newest match of a project is found without its other checks.
create index run_checks_advisories_idx on ops.run_checks (run_id, created_at) where name = 'upgrade_advisories';
