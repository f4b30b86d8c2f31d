-- Returns the release and the gate of new evidence, and refuses a caller who may not add to them. Locks nothing. Raises
-- PT404, PT403, and PT400 if the parts do not belong together.
create or replace function ops_private.subject_of_evidence(
    p_release_id uuid,
    p_gate_id uuid,
    p_check_id uuid,
    p_run_id uuid
)
returns table (release_id uuid, gate_id uuid)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_gate_id uuid := coalesce((select c.gate_id from ops.gate_checks as c where c.id = p_check_id), p_gate_id);
    v_gate ops.release_gates;
    v_release_id uuid;
    v_project_id uuid;
    v_run_project_id uuid;
begin
    select g.* into v_gate from ops.release_gates as g where g.id = v_gate_id;
    v_release_id := coalesce(v_gate.release_id, p_release_id);
    select q.project_id into v_run_project_id from ops.run_requests as q where q.run_id = p_run_id;
    select coalesce((select r.project_id from ops.releases as r where r.id = v_release_id), v_run_project_id)
    into v_project_id;
    if v_project_id is null or v_project_id <> v_run_project_id
        or p_gate_id <> v_gate_id or p_release_id <> v_release_id then
        raise sqlstate 'PT400' using
            message = 'Evidence is of things that exist and belong together',
            hint = 'Name a release, one of its gates, one of the gate''s checks, or a run of the same project.';
    end if;
    perform ops_private.require_evidence_keeper(v_project_id, v_gate.gate_code);
    return query select v_release_id, v_gate_id;
end
$$;
comment on function ops_private.subject_of_evidence is 'The release and the gate that evidence belongs to.';
revoke all on function ops_private.subject_of_evidence from public;
