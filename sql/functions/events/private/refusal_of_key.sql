-- Returns the answer to a sender whose key does not work; null for a key that does, whose use is noted once a minute.
-- Called by receive_event. Both hashes are compared by a hash with a fresh salt: the time it takes says nothing of the
-- stored one. Locks the key's row where its use is noted, unless another delivery does. Raises nothing.
create or replace function ops_private.refusal_of_key(
    p_key ops.event_keys,
    p_key_sha256 text
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_salt text := gen_random_uuid()::text;
    v_shown text := encode(sha256(convert_to(coalesce(p_key_sha256, ''), 'UTF8')), 'hex');
    v_is_right boolean := sha256(convert_to(v_salt || v_shown, 'UTF8'))
        = sha256(convert_to(v_salt || coalesce(p_key.key_sha256, ''), 'UTF8'));
    v_now timestamptz := clock_timestamp();
begin
    if p_key.id is null or not v_is_right then
        return ops_private.refusal_of_event('PT401', 'The key is not known', null, 'Make one: ops key create.');
    elsif p_key.revoked_at is not null or p_key.expires_at <= v_now then
        return ops_private.refusal_of_event(
            'PT401', format('The key %s was revoked or has expired', p_key.prefix), null, 'Make one: ops key create.'
        );
    end if;
    update ops.event_keys as k set last_used_at = v_now
    where k.id in (
        select o.id from ops.event_keys as o
        where o.id = p_key.id and coalesce(o.last_used_at < v_now - interval '1 minute', true)
        for no key update skip locked
    );
    return null;
end
$$;
comment on function ops_private.refusal_of_key is 'The answer to a sender whose key does not work.';
revoke all on function ops_private.refusal_of_key from public;
