-- Returns the exception that an idempotency key made for a release; null without a key or for a new one.
-- Called by request_exception and break_glass, before and after their insert. Locks nothing. Raises PT409 if the key was
-- used for another request, which somebody else's is as well. Of broken glass the policy sets the end, not the request.
create or replace function ops_private.same_exception(p_asked ops.exceptions)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_found ops.exceptions;
begin
    select e.* into v_found from ops.exceptions as e
    where e.release_id = p_asked.release_id and e.idempotency_key = p_asked.idempotency_key;
    if (v_found.gate_code, v_found.reason, v_found.is_break_glass, v_found.requested_by)
        <> (p_asked.gate_code, p_asked.reason, p_asked.is_break_glass, p_asked.requested_by)
        or (v_found.expires_at <> p_asked.expires_at and not v_found.is_break_glass) then
        raise sqlstate 'PT409' using
            message = format('The idempotency key %s was used for another request', p_asked.idempotency_key),
            detail = format('It made exception %s.', v_found.id),
            hint = 'Use a new key for a new request.';
    end if;
    return v_found.id;
end
$$;
comment on function ops_private.same_exception is 'The exception that an idempotency key made.';
revoke all on function ops_private.same_exception from public;
