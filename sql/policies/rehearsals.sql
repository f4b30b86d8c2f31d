-- Members read their projects' rehearsals; every change goes through an RPC.
revoke all on ops.rehearsals from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.rehearsals from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.rehearsals to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.rehearsals to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.rehearsals enable row level security;

create policy "Members read their projects' rehearsals"
on ops.rehearsals for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every rehearsal"
on ops.rehearsals for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every rehearsal"
on ops.rehearsals for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
create or replace trigger rehearsals_mark_their_run
after insert on ops.rehearsals
for each row when (new.run_id is not null)
execute function ops_private.mark_data_work();
