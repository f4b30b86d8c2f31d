-- Members read what their projects' environments tried to reach; every change goes through an RPC.
revoke all on ops.egress_attempts from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.egress_attempts from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.egress_attempts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.egress_attempts to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.egress_attempts enable row level security;

create policy "Members read what their projects' environments tried to reach"
on ops.egress_attempts for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every attempt"
on ops.egress_attempts for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every attempt"
on ops.egress_attempts for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
