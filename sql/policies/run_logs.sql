-- Members read their projects' log lines; workers add them through RPCs.
revoke all on ops.run_logs from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_logs from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_logs to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_logs to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_logs enable row level security;

create policy "Members read their projects' log lines"
on ops.run_logs for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_logs.run_id
));

create policy "The platform reads every log line"
on ops.run_logs for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every log line"
on ops.run_logs for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Partitions are closed again after every migration, which took their policies too.
select ops.ensure_partitions();
