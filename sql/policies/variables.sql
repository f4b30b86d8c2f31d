-- Members read which variables their projects have; every change goes through an RPC.
revoke all on ops.variables from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.variables from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.variables to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.variables to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.variables enable row level security;

create policy "Members read which variables their projects have"
on ops.variables for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every variable's name"
on ops.variables for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every variable's name"
on ops.variables for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
