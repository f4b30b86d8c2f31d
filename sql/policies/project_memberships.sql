-- Members see who else belongs; admins decide who does, below their own role, owners without limit.
revoke all on ops.project_memberships from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_memberships from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select, delete on ops.project_memberships to authenticated;
-- whose membership it is, and since when, is never changed
grant insert (project_id, user_id, role), update (role) on ops.project_memberships to authenticated;
grant select, insert, update, delete on ops.project_memberships to service_role;
grant select on ops.project_memberships to ops_worker, ops_operator;
grant select on ops.project_memberships to audit_reader;
alter table ops.project_memberships enable row level security;

create policy "Members read who belongs to their projects"
on ops.project_memberships for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "Admins add members below owner"
on ops.project_memberships for insert to authenticated
with check (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end));

create policy "Admins change members below owner"
on ops.project_memberships for update to authenticated
using (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end))
with check (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end));

create policy "Admins remove members below owner"
on ops.project_memberships for delete to authenticated
using (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end));

create policy "The platform reads every membership"
on ops.project_memberships for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role manages memberships"
on ops.project_memberships for all to service_role
using (true)
with check (true);

create policy "The auditor reads every membership"
on ops.project_memberships for select to audit_reader
using (true);

create or replace trigger project_memberships_keep_an_owner
before delete on ops.project_memberships
for each row when (old.role = 'owner')
execute function ops_private.require_one_owner();
create or replace trigger project_memberships_keep_an_owner_in_role
before update on ops.project_memberships
for each row when (old.role = 'owner' and (new.role, new.project_id) is distinct from ('owner', old.project_id))
execute function ops_private.require_one_owner();
