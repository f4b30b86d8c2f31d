-- Members read their projects' gates. The rules of a gate are those of the day its release was made.
revoke all on ops.release_gates from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.release_gates from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.release_gates to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.release_gates to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.release_gates enable row level security;

create policy "Members read their projects' gates"
on ops.release_gates for select to authenticated
using (exists (
    select from ops.releases as r
    where r.id = release_gates.release_id
));

create policy "The platform reads every gate"
on ops.release_gates for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every gate"
on ops.release_gates for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger release_gates_keep_their_rules
before update of id, release_id, gate_code, required_checks, quorum, window_seconds on ops.release_gates
for each row execute function ops_private.refuse_change();

create or replace trigger release_gates_tell_whom_they_wait_for
after insert on ops.release_gates
for each row when (new.gate_code in ('G2', 'G3') and new.status = 'pending')
execute function ops_private.tell_gate();
create or replace trigger release_gates_tell_their_decision
after update of status on ops.release_gates
for each row when (new.status is distinct from old.status)
execute function ops_private.tell_gate();
