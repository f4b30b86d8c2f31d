-- Members read their projects; every change goes through an RPC.
revoke all on ops.projects from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.projects from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.projects to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.projects to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.projects enable row level security;

create policy "Members read their projects"
on ops.projects for select to authenticated
using (id in (select ops.visible_projects()));

create policy "The platform reads every project"
on ops.projects for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every project"
on ops.projects for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger projects_are_announced
after insert or update of status, poll_enabled on ops.projects
for each statement execute function ops_private.announce_rows('pushes');
