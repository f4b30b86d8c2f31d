-- The platform and auditors read sessions, but nobody reads a hash; functions make, use and end them.
revoke all on ops.console_sessions from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.console_sessions from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select (
    id, person, user_id, personas, persona, link_expires_at, created_by, created_at, began_at, last_used_at, idle_at,
    expires_at, ended_at, ended_by, invitation_id
) on ops.console_sessions to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.console_sessions enable row level security;

create policy "The platform and auditors read every session"
on ops.console_sessions for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
