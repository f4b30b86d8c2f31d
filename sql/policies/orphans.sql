-- The platform and auditors read what nobody knows; every change goes through the platform's functions.
revoke all on ops.orphans from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.orphans from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.orphans to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.orphans enable row level security;

create policy "The platform and auditors read every orphan"
on ops.orphans for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
