-- The platform reads rules, and who manages a project its own: they hold addresses of people.
revoke all on ops.notification_rules from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.notification_rules from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.notification_rules to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.notification_rules to audit_reader;
alter table ops.notification_rules enable row level security;

create policy "The platform reads all rules"
on ops.notification_rules for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads all rules"
on ops.notification_rules for select to audit_reader
using (true);

create policy "Who manages a project reads its rules"
on ops.notification_rules for select to authenticated
using (project_id in (select ops.visible_projects()) and ops.has_permission(project_id, 'manage'));
