-- Members read their projects' evidence; nobody changes it.
revoke all on ops.evidence_artifacts from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.evidence_artifacts from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.evidence_artifacts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.evidence_artifacts to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.evidence_artifacts enable row level security;

create policy "Members read their projects' evidence"
on ops.evidence_artifacts for select to authenticated
using (
    (release_id is null or exists (
        select from ops.releases as r
        where r.id = evidence_artifacts.release_id
    ))
    and (gate_id is null or exists (
        select from ops.release_gates as g
        where g.id = evidence_artifacts.gate_id
    ))
    and (check_id is null or exists (
        select from ops.gate_checks as c
        where c.id = evidence_artifacts.check_id
    ))
    and (run_id is null or exists (
        select from ops.runs as r
        where r.id = evidence_artifacts.run_id
    ))
);

create policy "The platform reads every piece of evidence"
on ops.evidence_artifacts for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every piece of evidence"
on ops.evidence_artifacts for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger evidence_artifacts_stay
before update or delete on ops.evidence_artifacts
for each row execute function ops_private.refuse_change();
create or replace trigger evidence_artifacts_stay_whole
before truncate on ops.evidence_artifacts
for each statement execute function ops_private.refuse_change();
