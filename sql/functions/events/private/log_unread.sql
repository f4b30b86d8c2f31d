-- Inserts the log row of a delivery whose body was not understood: too large, no JSON, or with a key that does not work.
-- A key that was never made leaves no row: anyone may send such deliveries, and they would fill the log. Called by
-- receive_event. Locks and raises nothing.
create or replace function ops_private.log_unread(
    p_body bytea,
    p_size_bytes bigint,
    p_answer jsonb,
    p_key ops.event_keys,
    p_key_prefix text
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.event_ingest_log (
    project_id, processing_status, http_status, error, envelope_sha256, size_bytes, caller_role, caller_id
)
select
    p_key.project_id, 'rejected', (p_answer ->> 'http_status')::int,
    concat_ws(': ', p_answer ->> 'field', p_answer ->> 'message'), encode(sha256(coalesce(p_body, '')), 'hex'),
    least(coalesce(greatest(p_size_bytes, octet_length(p_body)), 0), 2147483647)::int,
    case when p_answer ->> 'http_status' = '401' then 'unknown' else ops_private.sender_role(p_key) end,
    ops_private.sender_id(p_key)
where p_key.id is not null or p_key_prefix is null
$$;
comment on function ops_private.log_unread is 'Writes the logs row of a delivery whose body was not understood.';
revoke all on function ops_private.log_unread from public;
