-- Records the checks of an event at a gate, including its own status under a given name, and its evidence; returns the
-- ids. Called by the handlers of events. Locks the gate. Raises what record_gate_check and record_evidence raise.
create or replace function ops_private.take_checks(
    p_release ops.releases,
    p_gate_code ops.ops_gate_code,
    p_own_name text,
    p_envelope jsonb,
    p_run_id uuid,
    p_deployment_id uuid default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_checks jsonb := case jsonb_typeof(p_envelope -> 'checks') when 'array' then p_envelope -> 'checks' else '[]' end;
    v_check jsonb;
    v_ids jsonb := '[]';
    v_named jsonb := '{}';
    v_id uuid;
begin
    if not exists (select from jsonb_array_elements(v_checks) as c where c.value ->> 'name' = p_own_name) then
        v_checks := v_checks || jsonb_build_object('name', p_own_name, 'status', p_envelope ->> 'status');
    end if;
    for v_check in select c.value from jsonb_array_elements(v_checks) as c loop
        v_id := ops.record_gate_check(
            p_release.id, p_gate_code, v_check ->> 'name', ops_private.check_status_of(v_check ->> 'status'),
            v_check ->> 'summary', nullif(v_check -> 'metadata', 'null'), p_deployment_id, p_run_id,
            p_envelope ->> 'source', (p_envelope ->> 'occurred_at')::timestamptz
        );
        v_ids := v_ids || to_jsonb(v_id);
        v_named := v_named || jsonb_build_object(v_check ->> 'name', v_id);
    end loop;
    return jsonb_build_object('check_ids', v_ids, 'is_overruled', not exists (
        select from ops.gate_checks as c
        where v_ids ? c.id::text and not exists (
            select from ops.gate_checks as n
            where
                n.gate_id = c.gate_id and n.name = c.name and n.occurred_at > c.occurred_at
                and n.deployment_id is not distinct from c.deployment_id
        )
    ))
        || ops_private.take_evidence(
            ops_private.gate_of_release(p_release.id, p_gate_code), p_envelope, v_named
        );
end
$$;
comment on function ops_private.take_checks is 'Notes the checks and the evidence of an event at a gate.';
revoke all on function ops_private.take_checks from public;
