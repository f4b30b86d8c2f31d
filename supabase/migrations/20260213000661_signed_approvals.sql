-- People sign what they approve: their public keys, and the signature beside the decision.
create table ops.person_keys (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references ops.people (id) on delete cascade,
    key_id text not null unique check (key_id ~ '^[0-9a-f]{64}$'),
    public_key text not null check (public_key like '-----BEGIN PUBLIC KEY-----%' and length(public_key) <= 4096),
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default clock_timestamp(),
    revoked_by text check (revoked_by <> ''),
    revoked_at timestamptz,
    check ((revoked_by is null) = (revoked_at is null))
);
create index person_keys_person_idx on ops.person_keys (person_id);
comment on table ops.person_keys is 'The public keys by which people sign their approvals.';
comment on column ops.person_keys.id is 'The key.';
comment on column ops.person_keys.person_id is 'Whose it is.';
comment on column ops.person_keys.key_id is 'The key''s name in signatures: a SHA-256 that DSSE''s signers compute.';
comment on column ops.person_keys.public_key is 'The Ed25519 public key in PEM.';
comment on column ops.person_keys.created_by is 'Who registered it.';
comment on column ops.person_keys.created_at is 'When it was registered.';
comment on column ops.person_keys.revoked_by is 'Who withdrew it.';
comment on column ops.person_keys.revoked_at is 'Since when signatures by it count for nothing.';
alter table ops.approvals
add column signature jsonb,
add column key_id uuid references ops.person_keys (id),
add constraint approvals_signature_check check (
    (signature is null) = (key_id is null) and (signature is null or jsonb_typeof(signature) = 'object')
);
create index approvals_key_idx on ops.approvals (key_id) where key_id is not null;
comment on column ops.approvals.signature is 'The DSSE envelope with the in-toto statement that the person signed.';
comment on column ops.approvals.key_id is 'The key by which the person signed.';
-- sign_off_gate takes a signature since; a second one beside it would be ambiguous.
drop function if exists ops.sign_off_gate(uuid, ops.ops_gate_code, ops.ops_decision_type, jsonb, text, text, text);
drop function if exists ops_private.write_approval(
    ops.releases, ops.ops_gate_code, ops.ops_decision_type, jsonb, text, text, timestamptz
);
