-- Requests that a gate be waived until a time, and returns the request's id; it waives nothing until it is granted.
-- Called by callers who may queue work, and by release managers. Locks the gate. Raises PT404, PT403, and PT400 for a
-- time that has passed or that policy does not allow, PT409 for a key that was used for another request. Only the
-- platform may name somebody else as the requester. The same key returns the same exception; without one, a retry
-- requests it again.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.request_exception(
    release_id uuid,
    gate_code ops.ops_gate_code,
    reason text,
    expires_at timestamptz,
    p_requested_by text default null,
    p_idempotency_key text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(request_exception.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, request_exception.gate_code);
    v_hours int := (ops_private.rules_in_force(v_release.project_id, 'promotion') ->> 'exception_max_hours')::int;
    v_asked ops.exceptions;
    v_id uuid;
begin
    if not ops.has_permission(v_release.project_id, 'grant_exception') then
        perform ops_private.require_permission(v_release.project_id, 'queue');
    end if;
    v_asked.release_id := v_release.id;
    v_asked.gate_id := v_gate.id;
    v_asked.gate_code := v_gate.gate_code;
    v_asked.release_author := v_release.created_by;
    v_asked.reason := request_exception.reason;
    v_asked.is_break_glass := false;
    v_asked.requested_by := ops_private.acting_person(p_requested_by);
    v_asked.expires_at := request_exception.expires_at;
    v_asked.idempotency_key := p_idempotency_key;
    v_id := ops_private.same_exception(v_asked);
    if v_id is not null then
        return v_id;
    elsif request_exception.expires_at > clock_timestamp() + make_interval(hours => v_hours) then
        raise sqlstate 'PT400' using
            message = format('An exception lasts %s hours at most', v_hours),
            hint = 'Ask for less; the policy is promotion.exception_max_hours.';
    end if;
    perform ops_private.recognise_caller();
    return ops_private.make_exception(v_asked);
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No exception may have these values', detail = sqlerrm,
        hint = 'An exception has a reason and a time to come at which it ends.';
end
$$;
comment on function ops.request_exception is 'Asks that a gate be waived until a time.';
revoke all on function ops.request_exception from public;
grant execute on function ops.request_exception to authenticated, service_role, ops_operator,
developer, release_manager;
