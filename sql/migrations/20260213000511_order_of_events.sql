-- Events come late, twice and out of order: what is newest is told by when it happened, and a repeat by what it says.
alter table ops.event_ingest_log add column content_sha256 text check (content_sha256 ~ '^[0-9a-f]{64}$');
-- a change of type fills the column where an update is refused: the log is append-only
alter table ops.event_ingest_log alter column content_sha256 type text using case
    when processing_status = 'accepted' and jsonb_typeof(envelope) = 'object' and not envelope ? 'truncated'
        then encode(sha256(convert_to((envelope - 'occurred_at')::text, 'UTF8')), 'hex')
end;
comment on column ops.event_ingest_log.content_sha256 is
'Hash of the envelope without its time: a retry says the same at another moment.';
-- a key is accepted once in each project
drop index ops.event_ingest_log_idempotency_key_idx;
create unique index event_ingest_log_idempotency_key_idx on ops.event_ingest_log (project_id, idempotency_key)
where processing_status = 'accepted';

alter table ops.approvals add column occurred_at timestamptz not null default clock_timestamp();
alter table ops.approvals alter column occurred_at drop default;
alter table ops.approvals alter column occurred_at type timestamptz using created_at;
alter table ops.approvals alter column occurred_at set default clock_timestamp();
comment on column ops.approvals.occurred_at is 'When the person decided; the newest decision of each person counts.';
drop index ops.approvals_gate_idx;
create index approvals_gate_idx on ops.approvals (gate_id, release_id, gate_code, approver_id, occurred_at desc);

drop index ops.gate_checks_gate_idx;
create index gate_checks_gate_idx on ops.gate_checks (gate_id, name, occurred_at desc, created_at desc);

alter table ops.deployments add column told_at timestamptz;
comment on column ops.deployments.told_at is
'Time of the newest fact that an event told of it; an older one changes nothing. Null while none did.';
