-- The platform and auditors read people; functions write them.
revoke all on ops.people from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.people from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.people to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.people enable row level security;

create policy "The platform and auditors read every person"
on ops.people for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
