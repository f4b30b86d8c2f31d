-- Members read their project's runs; every change goes through an RPC, and none but the drawn ones is possible.
revoke all on ops.runs from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.runs from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.runs to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.runs to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.runs enable row level security;

create policy "Members read their projects' runs"
on ops.runs for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every run"
on ops.runs for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every run"
on ops.runs for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger runs_make_sense
before insert or update of status, attempt, starts, max_attempts, claimed_by, exit_code, finished_at, fault,
lease_expires_at
on ops.runs
for each row execute function ops_private.check_run_invariants();
create or replace trigger runs_keep_their_identity
before update of id, project_id, environment_id, run_number, kind on ops.runs
for each row execute function ops_private.refuse_change();
create or replace trigger runs_stay
before delete on ops.runs
for each row execute function ops_private.refuse_change();
create or replace trigger runs_stay_whole
before truncate on ops.runs
for each statement execute function ops_private.refuse_change();
create or replace trigger runs_tell_that_they_wait
after insert on ops.runs
for each row when (new.git_sha is not null)
execute function ops_private.tell_waiting_run();
create or replace trigger runs_are_announced
after insert on ops.runs
for each row execute function ops_private.announce_rows('runs');
