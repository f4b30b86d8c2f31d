-- Members read their projects' restores; every change goes through an RPC.
revoke all on ops.restores from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.restores from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.restores to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.restores to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.restores enable row level security;

create policy "Members read their projects' restores"
on ops.restores for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every restore"
on ops.restores for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every restore"
on ops.restores for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
create or replace trigger restores_mark_their_run
after insert on ops.restores
for each row when (new.run_id is not null)
execute function ops_private.mark_data_work();
