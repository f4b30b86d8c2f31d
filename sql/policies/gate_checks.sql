-- Members read the answers to their projects' gates; they come in through RPCs.
revoke all on ops.gate_checks from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.gate_checks from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.gate_checks to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.gate_checks to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.gate_checks enable row level security;

create policy "Members read the answers to their projects' gates"
on ops.gate_checks for select to authenticated
using (exists (
    select from ops.release_gates as g
    where g.id = gate_checks.gate_id
));

create policy "The platform reads every answer"
on ops.gate_checks for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every answer"
on ops.gate_checks for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger gate_checks_are_wanted
before insert on ops.gate_checks
for each row execute function ops_private.refuse_withdrawn();
create or replace trigger gate_checks_decide_gates
after insert on ops.gate_checks
for each row execute function ops_private.note_gate_fact();
