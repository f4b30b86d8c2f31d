-- Tools belong to no project: everyone who signed in reads their changes, and nobody writes them.
revoke all on ops.tool_changes from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.tool_changes from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.tool_changes to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.tool_changes to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.tool_changes enable row level security;

create policy "Everyone who signed in reads changes of tools"
on ops.tool_changes for select to authenticated
using (true);

create policy "The platform reads every change of a tool"
on ops.tool_changes for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every change of a tool"
on ops.tool_changes for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger tool_changes_stay
before update or delete on ops.tool_changes
for each row execute function ops_private.refuse_change();
create or replace trigger tool_changes_stay_whole
before truncate on ops.tool_changes
for each statement execute function ops_private.refuse_change();
