-- Members read their projects' previews; a preview is written once, by its run.
revoke all on ops.upgrade_previews from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.upgrade_previews from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.upgrade_previews to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.upgrade_previews to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.upgrade_previews enable row level security;

create policy "Members read their projects' upgrade previews"
on ops.upgrade_previews for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every upgrade preview"
on ops.upgrade_previews for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every upgrade preview"
on ops.upgrade_previews for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger upgrade_previews_stay
before update or delete on ops.upgrade_previews
for each row execute function ops_private.refuse_change();
create or replace trigger upgrade_previews_stay_whole
before truncate on ops.upgrade_previews
for each statement execute function ops_private.refuse_change();
