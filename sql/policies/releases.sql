-- Members read their projects' releases. What a release is never changes; how it goes is changed by RPCs.
revoke all on ops.releases from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.releases from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.releases to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.releases to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.releases enable row level security;

create policy "Members read their projects' releases"
on ops.releases for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every release"
on ops.releases for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every release"
on ops.releases for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger releases_keep_their_identity
before update of id, project_id, version, git_shas, image_digest, created_by, git_ref, lock_digest, created_at
on ops.releases
for each row execute function ops_private.refuse_change();
