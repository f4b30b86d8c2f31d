-- Waives a gate at once and for a short time, in an emergency with nobody else at hand; returns the exception's id. It
-- opens an incident, and lifts a freeze for this release.
-- Called by release managers and site reliability engineers, including the release's author. Locks the gate.
-- Raises PT404, PT403, PT400 without a reason, PT409 for a key that was used for another request. The same key returns
-- the same exception; without one, a retry breaks it again.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.break_glass(
    release_id uuid,
    gate_code ops.ops_gate_code,
    reason text,
    p_broken_by text default null,
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
    v_release ops.releases := ops_private.require_release(break_glass.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, break_glass.gate_code);
    v_minutes int := (ops_private.rules_in_force(v_release.project_id, 'promotion') ->> 'break_glass_minutes')::int;
    v_asked ops.exceptions;
begin
    if cardinality(ops.caller_jobs()) > 0 or not ops.has_permission(v_release.project_id, 'deploy') then
        perform ops_private.require_permission(v_release.project_id, 'grant_exception');
    end if;
    v_asked.release_id := v_release.id;
    v_asked.gate_id := v_gate.id;
    v_asked.gate_code := v_gate.gate_code;
    v_asked.release_author := v_release.created_by;
    v_asked.reason := break_glass.reason;
    v_asked.is_break_glass := true;
    v_asked.requested_by := ops_private.acting_person(p_broken_by);
    v_asked.granted_by := v_asked.requested_by;
    v_asked.granted_at := clock_timestamp();
    v_asked.expires_at := v_asked.granted_at + make_interval(mins => v_minutes);
    v_asked.idempotency_key := p_idempotency_key;
    return coalesce(ops_private.same_exception(v_asked), ops_private.make_exception(v_asked));
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'Glass is broken for a reason', detail = sqlerrm, hint = 'Say what the emergency is.';
end
$$;
comment on function ops.break_glass is 'Waives a gate at once, for a short time, and opens an incident.';
revoke all on function ops.break_glass from public;
grant execute on function ops.break_glass to service_role, release_manager, sre;
