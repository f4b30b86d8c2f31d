-- Members who may push read the mails of their projects' environments: a mail may hold a link that logs somebody in.
-- Every change goes through an RPC.
revoke all on ops.mails from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.mails from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.mails to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.mails to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.mails enable row level security;

create policy "Members who queue builds read the mails of their projects"
on ops.mails for select to authenticated
using (project_id in (select ops.visible_projects()) and ops.has_permission(project_id, 'queue_build'));

create policy "The platform reads every mail"
on ops.mails for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every mail"
on ops.mails for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
