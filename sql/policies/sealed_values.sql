-- The platform and auditors read which values there are, but nobody reads one: ops.environment_values hands them, sealed,
-- to the worker alone.
revoke all on ops.sealed_values from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.sealed_values from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select (id, public_key, sealed_at) on ops.sealed_values to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.sealed_values enable row level security;

create policy "The platform and auditors read which values there are"
on ops.sealed_values for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
