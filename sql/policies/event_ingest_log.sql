-- Members read what was told of their projects, personas what they told themselves.
revoke all on ops.event_ingest_log from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.event_ingest_log from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.event_ingest_log to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.event_ingest_log to ci_service_role, qa_tester, developer, release_manager, sre, audit_reader;
alter table ops.event_ingest_log enable row level security;

create policy "Members read what was told of their projects"
on ops.event_ingest_log for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every delivery"
on ops.event_ingest_log for select to ops_worker, ops_operator, service_role
using (true);

create policy "Those who run releases read every delivery"
on ops.event_ingest_log for select to release_manager, sre, audit_reader
using (true);

create policy "Personas read what they told themselves"
on ops.event_ingest_log for select to ci_service_role, qa_tester, developer
using (caller_id = (select ops.caller_id()));
