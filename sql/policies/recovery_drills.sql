-- Members read their projects' drills; every change goes through an RPC.
revoke all on ops.recovery_drills from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.recovery_drills from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.recovery_drills to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.recovery_drills to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.recovery_drills enable row level security;

create policy "Members read their projects' drills"
on ops.recovery_drills for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every drill"
on ops.recovery_drills for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every drill"
on ops.recovery_drills for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
create or replace trigger recovery_drills_mark_their_run
after insert on ops.recovery_drills
for each row when (new.run_id is not null)
execute function ops_private.mark_data_work();
