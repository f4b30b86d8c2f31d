-- Members read their projects' incidents; every change goes through an RPC.
revoke all on ops.incidents from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.incidents from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.incidents to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.incidents to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.incidents enable row level security;

create policy "Members read their projects' incidents"
on ops.incidents for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every incident"
on ops.incidents for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every incident"
on ops.incidents for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger incidents_are_told
after insert on ops.incidents
for each row execute function ops_private.tell_incident();
create or replace trigger incidents_tell_their_end
after update of status on ops.incidents
for each row when (new.status is distinct from old.status)
execute function ops_private.tell_incident();
