-- Members read the changes of their projects' settings; every change goes through an RPC.
revoke all on ops.project_setting_changes from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_setting_changes
from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.project_setting_changes to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.project_setting_changes to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.project_setting_changes enable row level security;

create policy "Members read the changes of their projects' settings"
on ops.project_setting_changes for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads the changes of every project's settings"
on ops.project_setting_changes for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read the changes of every project's settings"
on ops.project_setting_changes for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger project_setting_changes_stay
before update or delete on ops.project_setting_changes
for each row execute function ops_private.refuse_change();
create or replace trigger project_setting_changes_stay_whole
before truncate on ops.project_setting_changes
for each statement execute function ops_private.refuse_change();
