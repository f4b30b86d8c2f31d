-- Returns as whom the bearer of a key calls: the role to take, and the claims to set. p_key_sha256 is the SHA-256 of the
-- whole key. Notes the use of the key, once a minute. Called by the gateway for each request of /v1 that brings a key.
-- Locks the key's row where its use is noted. Raises PT401 for a key that does not work, PT403 for one that only sends
-- events. A retry is harmless.
-- Definer: the gateway may not read keys; who has none learns nothing.
create or replace function ops.authenticate_key(
    p_key_prefix text,
    p_key_sha256 text
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
begin
    select k.* into v_key from ops.event_keys as k where k.prefix = p_key_prefix;
    v_refusal := ops_private.refusal_of_key(v_key, p_key_sha256);
    if v_refusal is not null then
        raise sqlstate 'PT401' using message = v_refusal ->> 'message', hint = v_refusal ->> 'hint';
    elsif v_key.scopes = '{}' then
        raise sqlstate 'PT403' using
            message = format('The key %s only sends events', v_key.prefix),
            hint = 'Make one that calls /v1: ops key create --scope read.';
    end if;
    return jsonb_build_object(
        'role', coalesce(v_key.persona, 'authenticated'),
        'sub', coalesce(v_key.user_id::text, v_key.approver_id, 'key:' || v_key.prefix),
        'odooops_key', jsonb_build_object(
            'prefix', v_key.prefix, 'project_id', v_key.project_id, 'scopes', v_key.scopes, 'expires_at', v_key.expires_at
        )
    );
end
$$;
comment on function ops.authenticate_key is 'As whom the bearer of a key calls.';
revoke all on function ops.authenticate_key from public;
grant execute on function ops.authenticate_key to service_role, ops_gateway;
