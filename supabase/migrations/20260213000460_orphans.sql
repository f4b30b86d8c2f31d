-- What the janitor's last round found that the record does not explain: people decide on it without asking the servers.
alter table ops.control_plane add column orphans_found_at timestamptz;
comment on column ops.control_plane.orphans_found_at is
'When the janitor last listed the orphans; empty before its first round.';

create table ops.orphans (
    kind ops.orphan_kind not null,
    name text not null check (name <> ''),
    answer text not null check (
        answer in (
            'stranger', -- of others or of nobody known: left alone
            'lost', -- of this platform and not on the record: the janitor removes nothing at all meanwhile
            'adopted' -- a person keeps it
        )
    ),
    reason text not null check (reason <> ''),
    is_foreign boolean not null,
    installation uuid,
    control_plane uuid,
    run_id uuid,
    made_at timestamptz,
    found_at timestamptz not null,
    decision ops.orphan_decision,
    decided_by text check (decided_by <> ''),
    decided_at timestamptz,
    refusal text check (refusal <> ''),
    primary key (kind, name),
    -- a decision says by whom and when
    check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null)),
    -- a decision that could not be carried out is over
    check (refusal is null or decision is null)
);
comment on table ops.orphans is
'Databases, roles, services and folders that the record does not explain, as the janitor''s last round found them.';
comment on column ops.orphans.kind is 'What kind of thing it is.';
comment on column ops.orphans.name is
'Its name on the environments'' server, or its path in the state folder.';
comment on column ops.orphans.answer is 'What the janitor makes of it: a stranger, lost, or adopted.';
comment on column ops.orphans.reason is 'Why.';
comment on column ops.orphans.is_foreign is 'Whether it carries the mark of another installation.';
comment on column ops.orphans.installation is 'The installation in its mark; empty without a mark.';
comment on column ops.orphans.control_plane is 'The control plane in its mark.';
comment on column ops.orphans.run_id is 'The run in its mark.';
comment on column ops.orphans.made_at is 'When it was made, by its mark.';
comment on column ops.orphans.found_at is 'When the janitor first found it so.';
comment on column ops.orphans.decision is
'What a person decided and the janitor''s next round carries out; empty if nothing is pending.';
comment on column ops.orphans.decided_by is 'Who decided.';
comment on column ops.orphans.decided_at is 'When it was decided.';
comment on column ops.orphans.refusal is 'Why the last decision could not be carried out.';
