-- Only the platform reads comments of pull requests.
revoke all on ops.pull_comments from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.pull_comments from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.pull_comments to service_role, ops_worker, ops_operator;
grant select on ops.pull_comments to audit_reader;
alter table ops.pull_comments enable row level security;

create policy "The platform reads all comments of pull requests"
on ops.pull_comments for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads all comments of pull requests"
on ops.pull_comments for select to audit_reader
using (true);
