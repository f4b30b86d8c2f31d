-- Records a person's decision on gate G2 or G3 and returns its id. A rejection stays, whatever the person decides later.
-- Called by people with the gate's persona, and by the service role for one of them, whom it names.
-- With p_shown, the digest of what the person was shown (ops.shown_digest), the decision is refused if something has
-- changed since. Locks the gates. Raises PT404, PT403 (also for the release's author: four eyes), PT400, and PT409 for
-- another digest. With p_signature, a DSSE envelope over the statement of the decision, the key has to be one of the
-- person's, in force, and the statement this decision on what is shown now. A retry records it again, which changes
-- nothing. The decision is in the log of events like one that came as an event.
-- Definer: a decision is stored with what the platform knows of the release, not with what the caller claims.
create or replace function ops.sign_off_gate(
    release_id uuid,
    gate_code ops.ops_gate_code,
    decision ops.ops_decision_type,
    p_rationale jsonb default '{}',
    p_approver_id text default null,
    p_source text default 'sql',
    p_shown text default null,
    p_signature jsonb default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(sign_off_gate.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, sign_off_gate.gate_code);
    v_approver text;
    v_key_id uuid;
    v_id uuid;
begin
    perform ops_private.recognise_caller();
    if p_shown is not null or p_signature is not null then
        perform from ops.release_gates as g where g.release_id = v_release.id order by g.gate_code for no key update;
        if p_shown <> ops.shown_digest(v_release.id) then
            raise sqlstate 'PT409' using
                message = format('Release %s is not what you were shown any more', v_release.version),
                hint = 'Look at it again: ops release show.';
        end if;
    end if;
    v_approver := ops_private.gate_approver(v_release, v_gate.gate_code, p_approver_id);
    if p_signature is not null then
        v_key_id := ops_private.key_of_signature(
            v_release, v_gate.gate_code, sign_off_gate.decision, v_approver, p_signature
        );
    end if;
    v_id := ops_private.write_approval(
        v_release, v_gate.gate_code, sign_off_gate.decision, coalesce(p_rationale, '{}'), v_approver, p_source,
        p_signature => p_signature, p_key_id => v_key_id
    );
    perform ops_private.log_decision(v_id);
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No decision may have these values', detail = sqlerrm,
        hint = 'A decision is approved or rejected, with an object as its rationale.';
end
$$;
comment on function ops.sign_off_gate is 'Notes a person''s decision on a gate.';
revoke all on function ops.sign_off_gate from public;
grant execute on function ops.sign_off_gate to service_role, qa_tester, release_manager;
