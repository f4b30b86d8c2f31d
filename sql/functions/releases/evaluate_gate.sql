-- Evaluates a gate by its current checks, approvals and exceptions, and returns its status.
-- Called by anyone who may read the release. Locks the gate's row; raises PT404. A retry is harmless.
-- Definer: people may not write gates themselves; the written status follows from the recorded facts.
create or replace function ops.evaluate_gate(
    gate_id uuid
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
begin
    select r.project_id into v_project_id
    from ops.release_gates as g
    join ops.releases as r on r.id = g.release_id
    where g.id = evaluate_gate.gate_id;
    if not found or not ops.has_permission(v_project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no gate %s', evaluate_gate.gate_id),
            hint = 'List them: select gate_id, gate_code, status from ops.v_gate_status.';
    end if;
    return ops_private.evaluate_gate_row(evaluate_gate.gate_id)::text;
end
$$;
comment on function ops.evaluate_gate is 'Judges a gate as of now and returns its status.';
revoke all on function ops.evaluate_gate from public;
grant execute on function ops.evaluate_gate to authenticated, service_role, ops_operator;
grant execute on function ops.evaluate_gate
to ci_service_role, qa_tester, release_manager, sre, developer; -- it writes what it finds: not the auditor
