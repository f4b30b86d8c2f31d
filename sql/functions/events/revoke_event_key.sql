-- Ends a key at once and returns whether it was in force. Called by `ops key revoke` and the service role. Locks the key.
-- Raises PT404. Repeating it is harmless.
-- Definer: nobody may write keys directly; only operators and the service role may execute this.
create or replace function ops.revoke_event_key(
    prefix text,
    p_revoked_by text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys := ops_private.event_key_to_change(revoke_event_key.prefix);
begin
    update ops.event_keys as k
    set revoked_at = clock_timestamp(), revoked_by = coalesce(p_revoked_by, ops.caller_id(), ops.caller_role())
    where k.id = v_key.id and k.revoked_at is null;
    return v_key.revoked_at is null and v_key.expires_at > clock_timestamp();
end
$$;
comment on function ops.revoke_event_key is 'Ends a key at once.';
revoke all on function ops.revoke_event_key from public;
grant execute on function ops.revoke_event_key to service_role, ops_operator;
