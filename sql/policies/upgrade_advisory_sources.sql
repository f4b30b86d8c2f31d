-- Members read the imports for their projects and those for all; they import through an RPC.
revoke all on ops.upgrade_advisory_sources from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.upgrade_advisory_sources
from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.upgrade_advisory_sources to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.upgrade_advisory_sources
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.upgrade_advisory_sources enable row level security;

create policy "Members read the imports of advisories for their projects and for all"
on ops.upgrade_advisory_sources for select to authenticated
using (project_id is null or project_id in (select ops.visible_projects()));

create policy "The platform reads the imports of all advisories"
on ops.upgrade_advisory_sources for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read the imports of all advisories"
on ops.upgrade_advisory_sources for select
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger upgrade_advisory_sources_stay
before update or delete on ops.upgrade_advisory_sources
for each row execute function ops_private.refuse_change();
create or replace trigger upgrade_advisory_sources_stay_whole
before truncate on ops.upgrade_advisory_sources
for each statement execute function ops_private.refuse_change();
