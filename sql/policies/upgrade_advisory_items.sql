-- Members read the advisories of the imports that they may read; they import through an RPC.
revoke all on ops.upgrade_advisory_items from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.upgrade_advisory_items from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.upgrade_advisory_items to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.upgrade_advisory_items
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.upgrade_advisory_items enable row level security;

create policy "Members read the items of advisories for their projects and for all"
on ops.upgrade_advisory_items for select to authenticated
using (source_id in (select s.id from ops.upgrade_advisory_sources as s));

create policy "The platform reads the items of all advisories"
on ops.upgrade_advisory_items for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read the items of all advisories"
on ops.upgrade_advisory_items for select
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
