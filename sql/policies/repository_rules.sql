-- Members read their projects' rules; runs of the default branch's head change them through an RPC.
revoke all on ops.repository_rules from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.repository_rules from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.repository_rules to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.repository_rules to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.repository_rules enable row level security;

create policy "Members read the rules of their projects' repositories"
on ops.repository_rules for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads the rules of every repository"
on ops.repository_rules for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read the rules of every repository"
on ops.repository_rules for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
