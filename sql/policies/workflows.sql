-- Members read their project's workflows; admins change them.
revoke all on ops.workflows from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.workflows from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select, delete on ops.workflows to authenticated;
-- an id chosen by hand could tell whether another project has it
grant insert (project_id, name, workflow_type, config, is_enabled) on ops.workflows to authenticated;
grant update (name, workflow_type, config, is_enabled) on ops.workflows to authenticated;
grant select, insert, update, delete on ops.workflows to service_role;
grant select on ops.workflows to ops_worker, ops_operator;
grant select on ops.workflows to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.workflows enable row level security;

create policy "Members read their projects' workflows"
on ops.workflows for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "Admins add workflows"
on ops.workflows for insert to authenticated
with check (ops.has_permission(project_id, 'manage'));

create policy "Admins change workflows"
on ops.workflows for update to authenticated
using (ops.has_permission(project_id, 'manage'))
with check (ops.has_permission(project_id, 'manage'));

create policy "Admins remove workflows"
on ops.workflows for delete to authenticated
using (ops.has_permission(project_id, 'manage'));

create policy "The platform reads every workflow"
on ops.workflows for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role manages workflows"
on ops.workflows for all to service_role
using (true)
with check (true);

create policy "Personas read every workflow"
on ops.workflows for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger workflows_make_sense
before insert or update on ops.workflows
for each row execute function ops_private.check_workflow();
create or replace trigger workflows_leave_a_record
after insert or update or delete on ops.workflows
for each row execute function ops_private.note_workflow_change();
