-- Inserts the log row of a delivery and returns its id; null if the same key was accepted
-- before in the project. This prevents a
-- second write of an event: concurrent deliveries wait for the first. Locks and raises nothing. The log keeps 64 kB of
-- an envelope; more belongs in the store.
create or replace function ops_private.log_delivery(
    p_envelope jsonb,
    p_text text,
    p_answer jsonb,
    p_key ops.event_keys,
    p_project_id uuid default null,
    p_release_id uuid default null
)
returns bigint
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.event_ingest_log (
    idempotency_key, schema_version, event_type, source, project_id, release_id, processing_status, http_status, error,
    envelope, envelope_sha256, content_sha256, size_bytes, caller_role, caller_id
)
select
    ops_private.envelope_label(p_envelope, 'idempotency_key'), ops_private.envelope_label(p_envelope, 'schema_version'),
    ops_private.envelope_label(p_envelope, 'event_type'), ops_private.envelope_label(p_envelope, 'source'),
    coalesce(p_project_id, p.id), coalesce(p_release_id, ops_private.named_release(p.id, p_envelope ->> 'release')),
    (p_answer ->> 'status')::ops.ops_processing_status, (p_answer ->> 'http_status')::int,
    case
        when p_answer ->> 'status' = 'rejected' then concat_ws(': ', p_answer ->> 'field', p_answer ->> 'message')
    end,
    -- a character takes four bytes at most
    case
        when octet_length(p_text) <= 65536 then p_envelope
        when p_text is not null then jsonb_build_object('truncated', left(p_text, 16000))
    end,
    ops_private.envelope_sha256(p_envelope, p_text), ops_private.content_sha256(p_envelope, p_text),
    coalesce(octet_length(p_text), pg_column_size(p_envelope), 0),
    ops_private.sender_role(p_key), ops_private.sender_id(p_key)
from (select ops_private.named_project(p_envelope ->> 'project') as id) as p
on conflict (project_id, idempotency_key) where processing_status = 'accepted' do nothing
returning id
$$;
comment on function ops_private.log_delivery is 'Writes the logs row of a delivery.';
revoke all on function ops_private.log_delivery from public;
