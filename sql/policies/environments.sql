-- Members read their project's environments; every change goes through an RPC.
revoke all on ops.environments from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.environments from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.environments to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.environments to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.environments enable row level security;

create policy "Members read their projects' environments"
on ops.environments for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every environment"
on ops.environments for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every environment"
on ops.environments for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger environments_tell_what_serves
after update of deployed_run_id, status on ops.environments
for each row when (
    new.deployed_run_id is distinct from old.deployed_run_id and new.url is not null
    or new.status = 'destroyed' and old.status <> 'destroyed'
)
execute function ops_private.tell_environment();
