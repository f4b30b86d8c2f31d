-- Members read what happened in their projects; nobody changes it.
revoke all on ops.run_events from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_events from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_events to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_events to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_events enable row level security;

create policy "Members read what happened in their projects"
on ops.run_events for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_events.run_id
));

create policy "The platform reads every event"
on ops.run_events for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every event"
on ops.run_events for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger run_events_stay
before update or delete on ops.run_events
for each row execute function ops_private.refuse_change();
create or replace trigger run_events_stay_whole
before truncate on ops.run_events
for each statement execute function ops_private.refuse_change();
