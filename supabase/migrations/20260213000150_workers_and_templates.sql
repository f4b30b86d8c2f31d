-- Who works, and the databases kept to start previews from.
create table ops.workers (
    id text primary key check (id <> ''),
    kind text not null,
    metadata jsonb not null default '{}',
    first_seen_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp()
) with (fillfactor = 70);
comment on table ops.workers is 'Workers and when each was last heard of.';

create table ops.database_templates (
    key text primary key check (key <> ''),
    series text not null,
    database_name text not null unique,
    modules text[] not null,
    tests jsonb not null default '{}',
    built_by_run uuid references ops.run_requests (run_id) on delete set null,
    created_at timestamptz not null default clock_timestamp(),
    last_used_at timestamptz not null default clock_timestamp()
);
create index database_templates_run_idx on ops.database_templates (built_by_run) where built_by_run is not null;
comment on table ops.database_templates is
'Databases in which a set of modules is already installed, by the key of what is in them.';
