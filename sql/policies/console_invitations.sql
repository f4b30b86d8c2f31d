-- The platform and auditors read invitations; functions make, accept and withdraw them.
revoke all on ops.console_invitations from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.console_invitations from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.console_invitations to service_role, ops_operator, audit_reader;
alter table ops.console_invitations enable row level security;

create policy "The platform and auditors read every invitation"
on ops.console_invitations for select to ops_operator, service_role, audit_reader
using (true);
