-- Accepts or refuses the body of a delivery as it came over the wire, like ops.ingest_event: a body that is no JSON, or
-- that the database cannot store, is a row in the log and a 400. With a key the delivery counts as the key's persona;
-- without one it counts as the caller's; the gateway's login has no rights of its own, and needs a key. p_key_sha256 is
-- the SHA-256 of the whole key; of it only a hash is stored. p_size_bytes is the length that the sender announced, for
-- a body that was not read: it is refused as too large. Called by POST /v1/events. Locks what the event's handler
-- locks. Raises only errors that are not the sender's fault. Repeating it with the same idempotency key writes nothing
-- twice.
-- Definer: the gateway may not write tables; the key's rights, or the caller's, are checked.
create or replace function ops.receive_event(
    body bytea,
    p_key_prefix text default null,
    p_key_sha256 text default null,
    p_size_bytes bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys;
    v_refusal jsonb;
    v_envelope jsonb;
begin
    if p_key_prefix is not null or p_key_sha256 is not null or 'ops_gateway' = any (ops.caller_jobs()) then
        select k.* into v_key from ops.event_keys as k where k.prefix = p_key_prefix;
        v_refusal := ops_private.refusal_of_key(v_key, p_key_sha256);
    end if;
    if v_refusal is null and greatest(p_size_bytes, octet_length(body)) > 262144 then
        v_refusal := ops_private.refusal_of_event(
            'PT413', 'The envelope is too large', null,
            'An envelope has at most 256 kB; put what is larger into the store and name it as evidence.'
        );
    end if;
    if v_refusal is null then
        begin
            v_envelope := convert_from(body, 'UTF8')::jsonb;
        exception when data_exception or program_limit_exceeded then
            v_refusal := ops_private.refusal_of_event(
                'PT400', 'The body is no JSON that can be stored: ' || sqlerrm, 'envelope',
                'Send one JSON object in UTF-8, without NUL and without half a surrogate pair.'
            );
        end;
    end if;
    if v_refusal is null then
        return ops_private.answer_event(v_envelope, v_key);
    end if;
    perform ops_private.log_unread(body, p_size_bytes, v_refusal, v_key, p_key_prefix);
    return v_refusal;
end
$$;
comment on function ops.receive_event is 'Takes the body of a delivery in and says what came of it.';
revoke all on function ops.receive_event from public;
grant execute on function ops.receive_event to service_role, ops_gateway;
