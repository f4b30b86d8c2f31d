-- Members read their projects' branches.
revoke all on ops.branch_heads from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.branch_heads from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.branch_heads to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.branch_heads to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.branch_heads enable row level security;

create policy "Members read their projects' branches"
on ops.branch_heads for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every branch"
on ops.branch_heads for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every branch"
on ops.branch_heads for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
