-- Members read what happened to their projects' environments; nobody changes it.
revoke all on ops.environment_events from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.environment_events from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.environment_events to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.environment_events to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.environment_events enable row level security;

create policy "Members read what happened to their projects' environments"
on ops.environment_events for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every event"
on ops.environment_events for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every event"
on ops.environment_events for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger environment_events_stay
before update or delete on ops.environment_events
for each row execute function ops_private.refuse_change();
create or replace trigger environment_events_stay_whole
before truncate on ops.environment_events
for each statement execute function ops_private.refuse_change();
