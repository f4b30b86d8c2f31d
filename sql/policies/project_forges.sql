-- Only the platform reads forges of projects.
revoke all on ops.project_forges from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_forges from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.project_forges to service_role, ops_worker, ops_operator;
grant select on ops.project_forges to audit_reader;
alter table ops.project_forges enable row level security;

create policy "The platform reads all forges of projects"
on ops.project_forges for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads all forges of projects"
on ops.project_forges for select to audit_reader
using (true);
