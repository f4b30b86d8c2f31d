-- Inserts a person's decision on a gate and returns its id. Called by sign_off_gate and handle_gate_signoff after they
-- found out whose decision it is. Locks the gate. Raises what the table's checks raise.
create or replace function ops_private.write_approval(
    p_release ops.releases,
    p_gate_code ops.ops_gate_code,
    p_decision ops.ops_decision_type,
    p_rationale jsonb,
    p_approver text,
    p_source text,
    p_occurred_at timestamptz default null,
    p_signature jsonb default null,
    p_key_id uuid default null
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate ops.release_gates := ops_private.gate_of_release(p_release.id, p_gate_code);
    v_id uuid;
begin
    insert into ops.approvals (
        release_id, gate_id, gate_code, approver_id, persona_role, decision, rationale_structured, release_author,
        source, occurred_at, signature, key_id
    )
    values (
        p_release.id, v_gate.id, v_gate.gate_code, p_approver,
        case v_gate.gate_code when 'G2' then 'qa_tester' when 'G3' then 'release_manager' end,
        p_decision, p_rationale, p_release.created_by, p_source, least(p_occurred_at, clock_timestamp()), p_signature, p_key_id
    )
    returning id into v_id;
    return v_id;
end
$$;
comment on function ops_private.write_approval is 'Writes a person''s decision on a gate down.';
revoke all on function ops_private.write_approval from public;
