-- Members read their projects' settings; every change goes through an RPC.
revoke all on ops.project_settings from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_settings from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.project_settings to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.project_settings to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.project_settings enable row level security;

create policy "Members read their projects' settings"
on ops.project_settings for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every project's settings"
on ops.project_settings for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every project's settings"
on ops.project_settings for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
