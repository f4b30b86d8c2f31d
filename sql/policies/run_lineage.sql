-- Members read their projects' lineage rows; workers add them through RPCs.
revoke all on ops.run_lineage from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_lineage from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_lineage to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_lineage to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_lineage enable row level security;

create policy "Members read their projects' lineage rows"
on ops.run_lineage for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_lineage.run_id
));

create policy "The platform reads every lineage row"
on ops.run_lineage for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every lineage row"
on ops.run_lineage for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
