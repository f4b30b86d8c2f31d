-- Only the platform reads workers: they serve every project.
revoke all on ops.workers from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.workers from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.workers to service_role, ops_worker, ops_operator;
grant select on ops.workers to audit_reader;
alter table ops.workers enable row level security;

create policy "The platform reads every worker"
on ops.workers for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every worker"
on ops.workers for select to audit_reader
using (true);
