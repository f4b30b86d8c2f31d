-- Health has a third outcome: a deployment that proved its health before people were let in and does not answer since.
-- A person is asked; after the deadline the code goes back.
alter type ops.ops_gate_status add value if not exists 'inconclusive'; -- evaluate_gate; G4 only, a person is asked
alter table ops.deployments
add column decision_due_at timestamptz,
add column kept_by text check (kept_by <> ''),
add column kept_at timestamptz,
add column kept_reason text check (btrim(kept_reason) <> ''),
add constraint deployments_kept_check check (
    (kept_by is null) = (kept_at is null) and (kept_by is null) = (kept_reason is null)
    and (kept_by is null or decision_due_at is not null)
);
create index deployments_undecided_idx on ops.deployments (decision_due_at)
where decision_due_at is not null and kept_at is null;
comment on column ops.deployments.decision_due_at is
'Until when a person is asked whether it stays, because its health is inconclusive; then its code goes back.';
comment on column ops.deployments.kept_by is 'Who decided that it stays.';
comment on column ops.deployments.kept_at is 'When that was decided.';
comment on column ops.deployments.kept_reason is 'Why it stays.';
