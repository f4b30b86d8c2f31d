-- Tells gate G1 how a run's build went, once per attempt: its checks, and as check `build` the build as a whole.
-- Called by announce_deployment and tell_gates, which lock the project. Locks the gate. Raises only errors that are
-- not a refusal.
create or replace function ops_private.tell_build(
    p_run ops.runs,
    p_release ops.releases
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_verdict text := ops_private.build_verdict(p_run);
    v_checks jsonb := ops_private.told_checks(p_run, p_of_deployment => false) || jsonb_build_object(
        'name', 'build', 'status', v_verdict, 'summary', case v_verdict
            when 'pass' then 'image ' || (p_release).image_digest
            else left(coalesce((p_run).error_message, 'it failed'), 2000)
        end
    );
    v_envelope jsonb := ops_private.own_envelope(p_run, p_release, 'build_complete', jsonb_build_object(
        'gate_code', 'G1', 'status', v_verdict, 'checks', v_checks,
        'evidence', ops_private.told_evidence(p_run, v_checks)
    ));
begin
    if v_verdict is not null and not exists (
        select from ops.event_ingest_log as l
        where
            l.project_id = (p_run).project_id and l.idempotency_key = v_envelope ->> 'idempotency_key'
            and l.processing_status = 'accepted'
    ) then
        perform ops_private.answer_event(v_envelope, null, (p_run).id);
    end if;
end
$$;
comment on function ops_private.tell_build is 'Tells gate G1 how a run''s build went.';
revoke all on function ops_private.tell_build from public;
