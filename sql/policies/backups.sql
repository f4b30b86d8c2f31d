-- Members read their projects' backups; every change goes through an RPC.
revoke all on ops.backups from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.backups from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.backups to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.backups to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.backups enable row level security;

create policy "Members read their projects' backups"
on ops.backups for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every backup"
on ops.backups for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every backup"
on ops.backups for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
create or replace trigger backups_mark_their_run
after insert on ops.backups
for each row when (new.run_id is not null)
execute function ops_private.mark_data_work();
