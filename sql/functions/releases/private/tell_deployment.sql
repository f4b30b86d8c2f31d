-- Tells how the deployment ended that a run announced: its end, its health at gate G4, and at gate G2 as check
-- `staged` whether there is something to test; policy gates.g2_checks decides whether G2 waits for it. Called by
-- tell_gates, which locks the project. Locks the deployment and its gates. Raises only errors that are not a refusal.
create or replace function ops_private.tell_deployment(
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
    v_place jsonb;
    v_is_up boolean := (p_run).status = 'succeeded';
    v_status text := case when v_is_up then 'succeeded' else 'failed' end;
    v_checks jsonb := ops_private.told_checks(p_run, p_of_deployment => true);
begin
    select jsonb_build_object('environment', e.partition_key, 'status', v_status) into v_place
    from ops.deployments as d
    join ops.environments as e on e.id = d.environment_id
    where d.run_id = (p_run).id and d.release_id = (p_release).id and d.status in ('pending', 'running');
    if not found then
        return;
    end if;
    perform ops_private.answer_event(
        ops_private.own_envelope(p_run, p_release, 'deployment_event', v_place, v_status), null, (p_run).id
    );
    if v_is_up then
        v_checks := v_checks || jsonb_build_object(
            'name', 'health', 'status', 'passed', 'summary', v_checks #>> '{0,summary}'
        );
        perform ops_private.answer_event(
            ops_private.own_envelope(p_run, p_release, 'health_check', v_place || jsonb_build_object(
                'gate_code', 'G4', 'status', 'pass', 'checks', v_checks,
                'evidence', ops_private.told_evidence(p_run, v_checks)
            )), null, (p_run).id
        );
    end if;
    perform ops_private.tell_staged(p_run, p_release, v_place ->> 'environment');
end
$$;
comment on function ops_private.tell_deployment is 'Tells how the deployment of a run ended.';
revoke all on function ops_private.tell_deployment from public;
