-- The platform and auditors read keys, but nobody reads a hash; functions make and revoke keys.
revoke all on ops.event_keys from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.event_keys from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select (
    id, prefix, name, persona, event_types, project_id, approver_id, created_by, created_at, expires_at, last_used_at,
    rotated_from, revoked_by, revoked_at, user_id, scopes
) on ops.event_keys to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.event_keys enable row level security;

create policy "The platform and auditors read every key"
on ops.event_keys for select to ops_worker, ops_operator, service_role, audit_reader
using (true);
