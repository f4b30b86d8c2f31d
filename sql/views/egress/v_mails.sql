-- Shows the mails that environments sent, without their content.
create view ops.v_mails
with (security_invoker = true) as
select
    m.id,
    m.environment_id,
    m.project_id,
    p.slug as project_slug,
    e.branch,
    e.partition_key,
    m.sender,
    m.recipients,
    m.subject,
    m.size_bytes,
    m.sha256,
    m.received_at
from ops.mails as m
join ops.environments as e on e.id = m.environment_id
join ops.projects as p on p.id = m.project_id;
comment on view ops.v_mails is 'Mails that environments sent and nobody got.';
revoke all on ops.v_mails from public, anon;
grant select on ops.v_mails to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_mails to qa_tester, release_manager, sre, developer, audit_reader;
