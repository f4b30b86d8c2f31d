-- Records a person's decision on gate G2 or G3. Locks the gate. Raises PT400, and what gate_approver raises.
create or replace function ops_private.handle_gate_signoff(
    p_release ops.releases,
    p_envelope jsonb,
    p_key ops.event_keys
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate_code ops.ops_gate_code := (p_envelope ->> 'gate_code')::ops.ops_gate_code;
    v_approval_id uuid;
begin
    if (v_gate_code, p_envelope ->> 'persona_role') in (('G2', 'release_manager'), ('G3', 'qa_tester')) then
        perform ops_private.refuse_field('persona_role', format('does not decide gate %s', v_gate_code));
    end if;
    v_approval_id := ops_private.write_approval(
        p_release, v_gate_code, (p_envelope ->> 'decision')::ops.ops_decision_type,
        coalesce(nullif(p_envelope -> 'rationale_structured', 'null'), '{}'),
        ops_private.gate_approver(p_release, v_gate_code, p_envelope ->> 'approver_id', p_key),
        p_envelope ->> 'source', (p_envelope ->> 'occurred_at')::timestamptz
    );
    return jsonb_build_object('approval_id', v_approval_id, 'is_overruled', exists (
        select from ops.approvals as a
        join ops.approvals as n
            on
                n.gate_id = a.gate_id and (n.occurred_at > a.occurred_at or n.decision = 'rejected')
                and ops.person_of(n.approver_id) = ops.person_of(a.approver_id)
        where a.id = v_approval_id and a.decision = 'approved'
    ))
        || ops_private.take_evidence(ops_private.gate_of_release(p_release.id, v_gate_code), p_envelope);
end
$$;
comment on function ops_private.handle_gate_signoff is 'Notes a person''s decision on a gate.';
revoke all on function ops_private.handle_gate_signoff from public;
