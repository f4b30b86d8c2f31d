-- Records the result of a gate's check and returns its id; the newest result of each check, by when
-- it happened, counts.
-- Called by builds, testers, deployments and health checks. A check of G4 is about a deployment: the release's newest,
-- unless one is named. Locks the gate and the deployment. Raises PT404, PT403, PT400, and PT409 before any deployment.
-- A retry records it again, which changes nothing.
-- Definer: nobody may write checks directly; the caller's permission for the gate is checked.
create or replace function ops.record_gate_check(
    release_id uuid,
    gate_code ops.ops_gate_code,
    name text,
    status ops.check_status,
    p_summary text default '',
    p_metadata jsonb default '{}',
    p_deployment_id uuid default null,
    p_run_id uuid default null,
    p_source text default 'sql',
    p_occurred_at timestamptz default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(record_gate_check.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, record_gate_check.gate_code);
    v_deployment_id uuid;
    v_id uuid;
begin
    if not ops.is_platform() then
        perform ops_private.require_permission(v_release.project_id, ops_private.gate_permission(v_gate.gate_code));
    end if;
    if v_gate.gate_code = 'G4' or p_deployment_id is not null then
        v_deployment_id := ops_private.deployment_to_check(v_gate, p_deployment_id);
    end if;
    insert into ops.gate_checks (
        gate_id, deployment_id, run_id, name, status, summary, metadata, source, occurred_at
    )
    values (
        v_gate.id, v_deployment_id, p_run_id, record_gate_check.name, record_gate_check.status, coalesce(p_summary, ''),
        coalesce(p_metadata, '{}'), p_source,
        -- a clock that is ahead overrules nobody for longer than it takes to arrive
        least(p_occurred_at, clock_timestamp())
    )
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No check may have these values', detail = sqlerrm,
        hint = 'A check has a name and is passed, failed or skipped.';
end
$$;
comment on function ops.record_gate_check is 'Notes the answer to a question of a gate.';
revoke all on function ops.record_gate_check from public;
grant execute on function ops.record_gate_check to service_role, ops_operator,
ci_service_role, qa_tester, release_manager, sre;
