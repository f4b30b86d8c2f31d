-- Variables of environments: rows say what they are called and where they hold; values are sealed for a key whose private
-- half is a secret of the platform, so that nobody reads one from here, with whatever role.
create table ops.sealing_keys (
    public_key bytea primary key check (octet_length(public_key) = 32),
    recorded_at timestamptz not null default clock_timestamp()
);
comment on table ops.sealing_keys is 'The keys for which values are sealed; the one recorded last is in use.';
comment on column ops.sealing_keys.public_key is 'An X25519 public key; the private one is a secret of the platform.';
comment on column ops.sealing_keys.recorded_at is 'When a platform last said that it has the private key.';

create table ops.sealed_values (
    id uuid primary key default gen_random_uuid(),
    public_key bytea not null references ops.sealing_keys (public_key),
    -- HPKE adds 48 bytes to at most 8 KiB
    sealed bytea not null check (octet_length(sealed) between 49 and 8240),
    sealed_at timestamptz not null default clock_timestamp()
);
create index sealed_values_key_idx on ops.sealed_values (public_key);
comment on table ops.sealed_values is 'Values that only the platform can open.';
comment on column ops.sealed_values.id is 'What rows of variables refer to.';
comment on column ops.sealed_values.public_key is 'The key for which it is sealed.';
comment on column ops.sealed_values.sealed is 'The value, sealed for one name at one place: RFC 9180.';
comment on column ops.sealed_values.sealed_at is 'When it was given.';

create table ops.variables (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    stage ops.environment_stage,
    environment_id uuid references ops.environments (id) on delete cascade,
    name text not null check (name ~ '^[A-Z][A-Z0-9_]{0,99}$'),
    value_id uuid not null unique references ops.sealed_values (id),
    set_by text not null check (set_by <> ''),
    set_at timestamptz not null default clock_timestamp(),
    unique nulls not distinct (project_id, stage, environment_id, name),
    -- one place: the project, one of its stages, or one environment
    check (stage is null or environment_id is null)
);
create index variables_environment_idx on ops.variables (environment_id) where environment_id is not null;
comment on table ops.variables is 'The variables that environments'' Odoo gets, by name; their values are sealed.';
comment on column ops.variables.project_id is 'The project.';
comment on column ops.variables.stage is 'The stage whose environments get it; empty for another place.';
comment on column ops.variables.environment_id is 'The environment that gets it; empty for another place.';
comment on column ops.variables.name is 'Its name.';
comment on column ops.variables.value_id is 'The sealed value; another one each time it is set.';
comment on column ops.variables.set_by is 'Who set it last.';
comment on column ops.variables.set_at is 'When it was set last.';
