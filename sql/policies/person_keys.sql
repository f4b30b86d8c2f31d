-- Public keys are public to who works on releases; functions write them.
revoke all on ops.person_keys from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.person_keys from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.person_keys to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.person_keys enable row level security;

create policy "The platform and auditors read every key"
on ops.person_keys for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
