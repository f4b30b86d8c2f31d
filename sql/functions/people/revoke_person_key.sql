-- Withdraws a key and returns whether it was in force: what it signed before still counts, what it signs later does not.
-- Called by `ops person key revoke` and the service role. Locks the key. Raises PT404. Repeating it is harmless.
-- Definer: nobody may write keys directly; only the service role may execute this.
create or replace function ops.revoke_person_key(
    key_id text,
    p_revoked_by text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    update ops.person_keys as k
    set revoked_at = clock_timestamp(), revoked_by = coalesce(p_revoked_by, ops.caller_id(), ops.caller_role())
    where k.key_id = revoke_person_key.key_id and k.revoked_at is null;
    if not found and not exists (select from ops.person_keys as k where k.key_id = revoke_person_key.key_id) then
        raise sqlstate 'PT404' using message = 'There is no such key', hint = 'List them: ops person key list.';
    end if;
    return found;
end
$$;
comment on function ops.revoke_person_key is 'Withdraws a person''s key.';
revoke all on function ops.revoke_person_key from public;
grant execute on function ops.revoke_person_key to service_role;
