-- Members read the images of their projects; every change goes through an RPC.
revoke all on ops.images from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.images from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.images to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.images to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.images enable row level security;

create policy "Members read the images of their projects"
on ops.images for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every image"
on ops.images for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every image"
on ops.images for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
