-- Ends a key of a project's member at once and returns whether it was in force: one's own, or as who manages the members
-- everybody's. Called by the console and people. Locks the key. Raises PT404. Repeating it is harmless.
-- Definer: people may not write keys themselves: the function checks whose key it is and writes for them.
create or replace function ops.revoke_member_key(prefix text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys := ops_private.member_key_to_change(revoke_member_key.prefix, true);
begin
    return ops.revoke_event_key(v_key.prefix);
end
$$;
comment on function ops.revoke_member_key is 'Ends a key of a project''s member.';
revoke all on function ops.revoke_member_key from public;
grant execute on function ops.revoke_member_key to authenticated;
