-- The platform and auditors read which control plane this is; only the janitor's rounds change, by an RPC.
revoke all on ops.control_plane from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.control_plane from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.control_plane to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.control_plane enable row level security;

create policy "The platform and auditors read which control plane this is"
on ops.control_plane for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
