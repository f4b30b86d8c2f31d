-- Members read their projects' artifacts; workers add them through RPCs.
revoke all on ops.run_artifacts from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_artifacts from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_artifacts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_artifacts to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_artifacts enable row level security;

create policy "Members read their projects' artifacts"
on ops.run_artifacts for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_artifacts.run_id
));

create policy "The platform reads every artifact"
on ops.run_artifacts for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every artifact"
on ops.run_artifacts for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
