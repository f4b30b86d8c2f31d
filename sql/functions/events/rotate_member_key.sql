-- Makes a successor of one of the calling member's own keys, with the same scopes, and returns it; the old one works until
-- the overlap ends. Called by the console and people. Locks the key. Raises PT404, PT400 and PT409 as rotate_event_key.
-- A retry makes another successor.
-- Definer: people may not write keys themselves: the function checks whose key it is and writes for them.
create or replace function ops.rotate_member_key(
    prefix text,
    expires_at timestamptz,
    p_overlap interval default '1 hour'
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_key ops.event_keys := ops_private.member_key_to_change(rotate_member_key.prefix, false);
begin
    return query
    select * from ops.rotate_event_key(v_key.prefix, rotate_member_key.expires_at, p_overlap);
end
$$;
comment on function ops.rotate_member_key is 'Makes a successor of one of the calling member''s keys.';
revoke all on function ops.rotate_member_key from public;
grant execute on function ops.rotate_member_key to authenticated;
