-- Members read their projects' rules and those for all; they change through an RPC.
revoke all on ops.policies from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.policies from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.policies to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.policies to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.policies enable row level security;

create policy "Members read their projects' rules and those for all"
on ops.policies for select to authenticated
using (project_id is null or project_id in (select ops.visible_projects()));

create policy "The platform reads every policy"
on ops.policies for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every policy"
on ops.policies for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
