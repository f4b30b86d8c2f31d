-- Only functions count.
revoke all on ops.project_counters from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_counters from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.project_counters to service_role, ops_worker, ops_operator;
grant select on ops.project_counters to audit_reader;
alter table ops.project_counters enable row level security;

create policy "The platform reads every counter"
on ops.project_counters for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every counter"
on ops.project_counters for select to audit_reader
using (true);
