-- Members read who decided what. Who signs off writes the decision of their own gate, as themselves; nobody changes it.
revoke all on ops.approvals from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.approvals from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.approvals to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.approvals to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
-- when, and through which door, is not theirs to say
grant insert (
    release_id, gate_id, gate_code, approver_id, persona_role, decision, rationale_structured, release_author
) on ops.approvals to qa_tester, release_manager;
alter table ops.approvals enable row level security;

create policy "Members read who decided what in their projects"
on ops.approvals for select to authenticated
using (exists (
    select from ops.releases as r
    where r.id = approvals.release_id
));

create policy "The platform reads every decision"
on ops.approvals for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every decision"
on ops.approvals for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create policy "Testers decide gate G2 as themselves"
on ops.approvals for insert to qa_tester
with check (gate_code = 'G2' and persona_role = 'qa_tester' and approver_id = ops.caller_id());

create policy "Release managers decide gate G3 as themselves"
on ops.approvals for insert to release_manager
with check (gate_code = 'G3' and persona_role = 'release_manager' and approver_id = ops.caller_id());

create or replace trigger approvals_stay
before update or delete on ops.approvals
for each row execute function ops_private.refuse_change();
create or replace trigger approvals_stay_whole
before truncate on ops.approvals
for each statement execute function ops_private.refuse_change();
create or replace trigger approvals_are_of_others
before insert on ops.approvals
for each row execute function ops_private.refuse_interested_approver();
create or replace trigger approvals_are_wanted
before insert on ops.approvals
for each row execute function ops_private.refuse_withdrawn();
create or replace trigger approvals_decide_gates
after insert on ops.approvals
for each row execute function ops_private.note_gate_fact();
