-- What a person decided about things that the platform found and does not know; append-only.
create type ops.orphan_kind as enum ('database', 'role', 'service', 'folder');
create type ops.orphan_decision as enum (
    'adopted', -- ops env orphans adopt: it stays
    'dropped' -- ops env orphans drop: it is gone
);
create table ops.orphan_decisions (
    id bigint generated always as identity primary key,
    kind ops.orphan_kind not null,
    name text not null check (name <> ''),
    decision ops.orphan_decision not null,
    reason text not null check (reason <> ''),
    decided_by text not null check (decided_by <> ''),
    decided_at timestamptz not null default clock_timestamp()
);
create index orphan_decisions_thing_idx on ops.orphan_decisions (kind, name, id desc);
comment on table ops.orphan_decisions is
'What people decided about databases, roles, services and folders that the platform did not know; append-only.';
comment on column ops.orphan_decisions.id is 'Order of the decisions; the newest about a thing counts.';
comment on column ops.orphan_decisions.kind is 'What kind of thing it is.';
comment on column ops.orphan_decisions.name is
'Its name on the environments'' server, or its path in the state folder.';
comment on column ops.orphan_decisions.decision is 'Whether it stays or went.';
comment on column ops.orphan_decisions.reason is 'Why the platform did not know it.';
comment on column ops.orphan_decisions.decided_by is 'Who decided.';
comment on column ops.orphan_decisions.decided_at is 'When it was decided.';
