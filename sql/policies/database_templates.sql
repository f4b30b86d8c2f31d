-- Only the platform reads templates: they serve every project.
revoke all on ops.database_templates from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.database_templates from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.database_templates to service_role, ops_worker, ops_operator;
grant select on ops.database_templates to audit_reader;
alter table ops.database_templates enable row level security;

create policy "The platform reads every template"
on ops.database_templates for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every template"
on ops.database_templates for select to audit_reader
using (true);
