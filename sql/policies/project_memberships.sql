-- Members see who else belongs; admins decide who does, below their own role, owners without limit.
revoke all on ops.project_memberships from public, anon, authenticated, service_role, ops_worker;
grant select, insert, update, delete on ops.project_memberships to authenticated, service_role;
grant select on ops.project_memberships to ops_worker;
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
on ops.project_memberships for select to ops_worker, service_role
using (true);

create policy "The service role manages memberships"
on ops.project_memberships for all to service_role
using (true)
with check (true);
