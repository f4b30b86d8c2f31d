-- Members read their projects' checks; workers add them through RPCs.
revoke all on ops.run_checks from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_checks from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_checks to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_checks to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_checks enable row level security;

create policy "Members read their projects' checks"
on ops.run_checks for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_checks.run_id
));

create policy "The platform reads every check"
on ops.run_checks for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every check"
on ops.run_checks for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
