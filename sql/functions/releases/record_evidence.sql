-- Records an object as evidence of a release, a gate, a check or a run, and returns its id. The missing parents are
-- filled in: a check's gate, a gate's release.
-- Called by builds, testers, deployments and drills. Locks no rows of others. Raises PT404, PT403 and PT400.
-- Repeating it returns the same evidence.
-- Definer: nobody may write evidence directly; the caller's permission for its subject is checked.
create or replace function ops.record_evidence(
    kind text,
    s3_url text,
    sha256 text,
    p_release_id uuid default null,
    p_gate_id uuid default null,
    p_check_id uuid default null,
    p_run_id uuid default null,
    p_content_type text default 'application/octet-stream',
    p_size_bytes bigint default 0
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_of record;
    v_id uuid;
begin
    select * into v_of from ops_private.subject_of_evidence(p_release_id, p_gate_id, p_check_id, p_run_id);
    insert into ops.evidence_artifacts (
        release_id, gate_id, check_id, run_id, kind, s3_url, sha256, content_type, size_bytes, created_by
    )
    values (
        v_of.release_id, v_of.gate_id, p_check_id, p_run_id, record_evidence.kind, record_evidence.s3_url,
        record_evidence.sha256, p_content_type, p_size_bytes, coalesce(ops.caller_id(), ops.caller_role())
    )
    on conflict do nothing
    returning id into v_id;
    if not found then
        select e.id into v_id from ops.evidence_artifacts as e
        where e.sha256 = record_evidence.sha256 and e.kind = record_evidence.kind
            and (e.release_id, e.gate_id, e.check_id, e.run_id)
            is not distinct from (v_of.release_id, v_of.gate_id, p_check_id, p_run_id);
    end if;
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No evidence may have these values', detail = sqlerrm,
        hint = 'Evidence has a kind, an address (s3://, https:// or file://) and a SHA-256, and is of a release, a gate, a '
            'check or a run.';
end
$$;
comment on function ops.record_evidence is 'Notes an object that proves something.';
revoke all on function ops.record_evidence from public;
grant execute on function ops.record_evidence to service_role, ops_worker, ops_operator,
ci_service_role, qa_tester, release_manager, sre;
