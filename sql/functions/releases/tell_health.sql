-- Tells gate G4 of a promotion's release what a health check of its deployment found, with the files of the run that
-- prove it, and returns the answer. p_moment names the look: a repeat of it counts once.
-- Called by step promote before and after people are let in. Locks the run, the project, the deployment and the gate.
-- Raises PT404 and PT410 for the attempt. A retry is a duplicate.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.tell_health(
    p_run_id uuid,
    p_attempt int,
    p_release_id uuid,
    p_passed boolean,
    p_moment text,
    p_summary text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_status text := case when p_passed then 'pass' else 'fail' end;
    v_checks jsonb := jsonb_build_array(jsonb_build_object('name', 'health', 'status', v_status, 'summary', p_summary));
    v_release ops.releases;
begin
    select r.* into v_release from ops.releases as r where r.id = p_release_id and r.project_id = v_run.project_id;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    return ops_private.answer_event(
        ops_private.own_envelope(v_run, v_release, 'health_check', jsonb_build_object(
            'gate_code', 'G4', 'status', v_status,
            'environment', (select e.partition_key from ops.environments as e where e.id = v_run.environment_id),
            'checks', v_checks, 'evidence', ops_private.told_evidence(v_run, v_checks)
        ), p_moment),
        null, v_run.id
    );
end
$$;
comment on function ops.tell_health is 'Tells gate G4 what a health check of a promotion found.';
revoke all on function ops.tell_health from public;
grant execute on function ops.tell_health to service_role, ops_worker;
