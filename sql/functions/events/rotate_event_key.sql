-- Makes a successor of a key, with the same rights, and returns it; the old key works until the overlap ends.
-- Called by `ops key rotate` and the service role. Locks the key. Raises PT404, PT403 for an operator
-- and a key that signs off gates, PT400 for an invalid time, and PT409 for a key that ended. A retry makes another successor.
-- Definer: nobody may write keys directly; only operators and the service role may execute this.
create or replace function ops.rotate_event_key(
    prefix text,
    expires_at timestamptz,
    p_overlap interval default '1 hour',
    p_created_by text default null
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_old ops.event_keys := ops_private.event_key_to_change(rotate_event_key.prefix);
    v_now timestamptz := clock_timestamp();
begin
    if v_old.revoked_at is not null or v_old.expires_at <= v_now then
        raise sqlstate 'PT409' using
            message = format('The key %s has ended', v_old.prefix), hint = 'Make a new one: ops key create.';
    elsif p_overlap is null or p_overlap < interval '0' then
        raise sqlstate 'PT400' using
            message = 'The old key cannot end in the past', hint = 'Pass an overlap such as 1 hour, or 0.';
    end if;
    update ops.event_keys as k
    set expires_at = greatest(least(k.expires_at, v_now + p_overlap), k.created_at + interval '1 microsecond')
    where k.id = v_old.id;
    return query
    select * from ops_private.write_event_key(
        v_old.name, v_old.persona, v_old.event_types, rotate_event_key.expires_at, v_old.project_id, v_old.approver_id,
        coalesce(p_created_by, ops.caller_id(), ops.caller_role()), v_old.id,
        v_old.user_id, v_old.scopes
    );
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No key may have these values', detail = sqlerrm, hint = 'Pass a time to come at which the new key ends.';
end
$$;
comment on function ops.rotate_event_key is 'Makes a successor of a key.';
revoke all on function ops.rotate_event_key from public;
grant execute on function ops.rotate_event_key to service_role, ops_operator;
