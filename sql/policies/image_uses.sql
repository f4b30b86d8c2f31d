-- Members read which runs used their projects' images; every change goes through an RPC.
revoke all on ops.image_uses from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.image_uses from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.image_uses to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.image_uses to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.image_uses enable row level security;

create policy "Members read the uses of their projects' images"
on ops.image_uses for select to authenticated
using (exists (
    select from ops.images as i
    where i.id = image_uses.image_id
));

create policy "The platform reads every use of an image"
on ops.image_uses for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every use of an image"
on ops.image_uses for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);
