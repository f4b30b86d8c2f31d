-- Members read which of their projects' gates were waived; every change goes through an RPC.
revoke all on ops.exceptions from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.exceptions from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.exceptions to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.exceptions to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.exceptions enable row level security;

create policy "Members read their projects' exceptions"
on ops.exceptions for select to authenticated
using (exists (
    select from ops.releases as r
    where r.id = exceptions.release_id
));

create policy "The platform reads every exception"
on ops.exceptions for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every exception"
on ops.exceptions for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger exceptions_are_of_others
before insert or update of granted_by on ops.exceptions
for each row when (new.granted_by is not null) execute function ops_private.refuse_interested_grant();
create or replace trigger exceptions_are_wanted
before insert or update of granted_by on ops.exceptions
for each row execute function ops_private.refuse_withdrawn();
create or replace trigger exceptions_decide_gates
after insert or update on ops.exceptions
for each row execute function ops_private.note_gate_fact();
create or replace trigger exceptions_open_incidents
after insert on ops.exceptions
for each row when (new.is_break_glass) execute function ops_private.open_break_glass_incident();
create or replace trigger exceptions_keep_their_identity
before update of id, release_id, gate_id, gate_code, release_author, reason, is_break_glass, requested_by,
created_at, expires_at
on ops.exceptions
for each row execute function ops_private.refuse_change();
