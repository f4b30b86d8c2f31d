-- Requests that a gate be waived until a time, and returns the request's id; it waives nothing until it is granted.
-- Called by callers who may queue work, and by release managers. Locks the gate. Raises PT404, PT403, and PT400 for a
-- time that has passed or that policy does not allow. Only the platform may name somebody else as the requester. A
-- retry requests it again.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.request_exception(
    release_id uuid,
    gate_code ops.ops_gate_code,
    reason text,
    expires_at timestamptz,
    p_requested_by text default null
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
    v_id uuid;
begin
    if not ops.has_permission(v_release.project_id, 'grant_exception') then
        perform ops_private.require_permission(v_release.project_id, 'queue');
    end if;
    if request_exception.expires_at > clock_timestamp() + make_interval(hours => v_hours) then
        raise sqlstate 'PT400' using
            message = format('An exception lasts %s hours at most', v_hours),
            hint = 'Ask for less; the policy is promotion.exception_max_hours.';
    end if;
    perform ops_private.recognise_caller();
    insert into ops.exceptions (
        release_id, gate_id, gate_code, release_author, reason, requested_by, expires_at
    )
    values (
        v_release.id, v_gate.id, v_gate.gate_code, v_release.created_by, request_exception.reason,
        ops_private.acting_person(p_requested_by), request_exception.expires_at
    )
    returning id into v_id;
    return v_id;
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
