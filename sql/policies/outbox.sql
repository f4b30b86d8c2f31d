-- The platform reads messages, and who manages a project those to its forge and to the recipients of its own rules:
-- others hold addresses of people that a rule of the platform names.
revoke all on ops.outbox from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.outbox from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.outbox to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.outbox to audit_reader;
alter table ops.outbox enable row level security;

create policy "The platform reads all messages"
on ops.outbox for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads all messages"
on ops.outbox for select to audit_reader
using (true);

create policy "Who manages a project reads what it tells"
on ops.outbox for select to authenticated
using (
    project_id in (select ops.visible_projects()) and ops.has_permission(project_id, 'manage')
    and (channel = 'forge' or exists (
        select from ops.notification_rules as r
        where r.project_id = outbox.project_id and r.channel = outbox.channel and r.recipient = outbox.recipient
    ))
);

create or replace trigger outbox_is_announced
after insert or update of next_at on ops.outbox
for each row execute function ops_private.announce_rows('messages');
