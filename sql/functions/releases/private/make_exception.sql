-- Writes an exception and returns its id; of two sessions with one idempotency key the second waits and returns the
-- first one's. Called by request_exception and break_glass, whose definer writes the table. Locks the gate. Raises what
-- same_exception raises, and check violations.
create or replace function ops_private.make_exception(p_asked ops.exceptions)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    insert into ops.exceptions (
        release_id, gate_id, gate_code, release_author, reason, is_break_glass, requested_by, granted_by, granted_at,
        created_at, expires_at, idempotency_key
    )
    values (
        p_asked.release_id, p_asked.gate_id, p_asked.gate_code, p_asked.release_author, p_asked.reason,
        p_asked.is_break_glass, p_asked.requested_by, p_asked.granted_by, p_asked.granted_at,
        coalesce(p_asked.granted_at, clock_timestamp()), p_asked.expires_at, p_asked.idempotency_key
    )
    on conflict (release_id, idempotency_key) where idempotency_key is not null do nothing
    returning id into v_id;
    return coalesce(v_id, ops_private.same_exception(p_asked));
end
$$;
comment on function ops_private.make_exception is 'Writes an exception, once for each idempotency key.';
revoke all on function ops_private.make_exception from public;
