-- Tools belong to no project: everyone who signed in reads them, the service role keeps them.
revoke all on ops.tools from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.tools from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.tools to authenticated, ops_worker, ops_operator;
grant select, insert, update, delete on ops.tools to service_role;
grant select on ops.tools to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.tools enable row level security;

create policy "Everyone who signed in reads tools"
on ops.tools for select to authenticated
using (true);

create policy "The platform reads every tool"
on ops.tools for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role keeps tools"
on ops.tools for all to service_role
using (true)
with check (true);

create policy "Personas read every tool"
on ops.tools for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger tools_leave_a_record
after insert or update or delete on ops.tools
for each row execute function ops_private.note_tool_change();
