-- Authors, approvers and requesters are people: one person has many names, and rules compare persons.
create type ops.alias_kind as enum (
    'email', -- an address, as commits and tokens have it
    'subject', -- a token's subject
    'login', -- a login of the database
    'forge' -- a name at GitHub, GitLab or Gitea
);

create table ops.people (
    id uuid primary key default gen_random_uuid(),
    name text not null check (btrim(name) <> ''),
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default clock_timestamp()
);
comment on table ops.people is 'The persons who author, approve and request.';
comment on column ops.people.name is 'What people call the person.';

create table ops.person_aliases (
    alias text primary key check (alias <> ''),
    person_id uuid not null references ops.people (id) on delete cascade,
    kind ops.alias_kind not null,
    spelling text not null,
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default clock_timestamp()
);
create index person_aliases_person_idx on ops.person_aliases (person_id);
comment on table ops.person_aliases is 'The names by which each person is known; a name is one person''s.';
comment on column ops.person_aliases.alias is
'The name as it is compared: NFKC, case-folded, trimmed, without invisible characters.';
comment on column ops.person_aliases.kind is 'Where the name is used.';
comment on column ops.person_aliases.spelling is 'The name as it was given.';

-- find the gates that time alone changes
create index release_gates_closing_idx on ops.release_gates (deadline_at)
where status = 'pending' and deadline_at is not null;
create index release_gates_bypassed_idx on ops.release_gates (id) where status = 'bypassed';
