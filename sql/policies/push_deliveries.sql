-- Only the platform reads deliveries: they may name repositories of any project.
revoke all on ops.push_deliveries from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.push_deliveries from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.push_deliveries to service_role, ops_worker, ops_operator;
grant select on ops.push_deliveries to audit_reader;
alter table ops.push_deliveries enable row level security;

create policy "The platform reads every delivery"
on ops.push_deliveries for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every delivery"
on ops.push_deliveries for select to audit_reader
using (true);

create or replace trigger push_deliveries_are_announced
after insert on ops.push_deliveries
for each row execute function ops_private.announce_rows('pushes');
