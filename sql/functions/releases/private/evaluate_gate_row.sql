-- Evaluates a gate again, stores the verdict and returns it.
-- Called by evaluate_gate and the triggers of all facts of a gate. Locks the gate's row, so that of two concurrent
-- facts the second evaluation includes the first; returns null for a gate that does not exist. A retry is harmless.
create or replace function ops_private.evaluate_gate_row(
    p_gate_id uuid
)
returns ops.ops_gate_status
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate ops.release_gates;
    v_status ops.ops_gate_status;
begin
    select g.* into v_gate from ops.release_gates as g where g.id = p_gate_id for no key update;
    update ops.release_gates as g
    set merit = j.merit, reason = j.reason, deadline_at = j.deadline_at, evaluated_at = clock_timestamp()
    from ops_private.gate_verdict(v_gate) as j
    where g.id = v_gate.id;
    update ops.release_gates as g set status = s.status
    from ops.v_gate_status as s
    where g.id = v_gate.id and s.gate_id = g.id
    returning g.status into v_status;
    return v_status;
end
$$;
comment on function ops_private.evaluate_gate_row is 'Evaluates a gate and stores the verdict.';
revoke all on function ops_private.evaluate_gate_row from public;
