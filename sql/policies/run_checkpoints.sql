-- Members read where the dropped events of their projects' runs ended; nobody changes it.
revoke all on ops.run_checkpoints from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_checkpoints from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_checkpoints to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_checkpoints to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_checkpoints enable row level security;

create policy "Members read the checkpoints of their projects' runs"
on ops.run_checkpoints for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_checkpoints.run_id
));

create policy "The platform reads every checkpoint of a run"
on ops.run_checkpoints for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every checkpoint of a run"
on ops.run_checkpoints for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger run_checkpoints_stay
before update or delete on ops.run_checkpoints
for each row execute function ops_private.refuse_change();
create or replace trigger run_checkpoints_stay_whole
before truncate on ops.run_checkpoints
for each statement execute function ops_private.refuse_change();
