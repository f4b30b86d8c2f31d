-- The platform and auditors read for which keys values are sealed; others ask ops.sealing_key for the one in use.
revoke all on ops.sealing_keys from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.sealing_keys from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.sealing_keys to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.sealing_keys enable row level security;

create policy "The platform and auditors read every sealing key"
on ops.sealing_keys for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
