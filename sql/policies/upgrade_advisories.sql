-- Advisories belong to no project: everyone who signed in reads them, the service role keeps them.
revoke all on ops.upgrade_advisories from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.upgrade_advisories from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.upgrade_advisories to authenticated, ops_worker, ops_operator;
grant select, insert, update, delete on ops.upgrade_advisories to service_role;
grant select on ops.upgrade_advisories to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.upgrade_advisories enable row level security;

create policy "Everyone who signed in reads upgrade advisories"
on ops.upgrade_advisories for select to authenticated
using (true);

create policy "The platform reads every advisory"
on ops.upgrade_advisories for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role keeps upgrade advisories"
on ops.upgrade_advisories for all to service_role
using (true)
with check (true);

create policy "Personas read every advisory"
on ops.upgrade_advisories for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
