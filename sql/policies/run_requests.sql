-- Members read what was asked in their projects; nobody changes it.
revoke all on ops.run_requests from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_requests from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_requests to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_requests to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_requests enable row level security;

create policy "Members read what was asked in their projects"
on ops.run_requests for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every request"
on ops.run_requests for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every request"
on ops.run_requests for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger run_requests_stay
before update or delete on ops.run_requests
for each row execute function ops_private.refuse_change();
create or replace trigger run_requests_stay_whole
before truncate on ops.run_requests
for each statement execute function ops_private.refuse_change();
