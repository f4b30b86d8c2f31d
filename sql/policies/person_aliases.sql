-- The platform and auditors read the names of people; functions write them.
revoke all on ops.person_aliases from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.person_aliases from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.person_aliases to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.person_aliases enable row level security;

create policy "The platform and auditors read every name"
on ops.person_aliases for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

create or replace trigger person_aliases_decide_gates
after insert or update or delete on ops.person_aliases
for each row execute function ops_private.note_person_alias();
