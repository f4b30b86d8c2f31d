-- Lists what environments tried to reach, minute by minute: the newest page of a project is read from an index, however
-- much there is; ops.v_egress sums up one environment's.
create view ops.v_egress_attempts
with (security_invoker = true) as
select
    a.id,
    a.project_id,
    p.slug as project_slug,
    a.environment_id,
    e.name as environment_name,
    e.partition_key,
    a.minute,
    a.outcome,
    a.destination,
    host(a.address) as address,
    a.port,
    a.protocol,
    a.module,
    a.cron,
    a.attempts,
    a.reason,
    a.bytes_out,
    a.bytes_in,
    a.first_at,
    a.last_at
from ops.egress_attempts as a
join ops.environments as e on e.id = a.environment_id
join ops.projects as p on p.id = a.project_id;
comment on view ops.v_egress_attempts is
'What environments tried to reach in each minute; module, cron and destination are what the environment said.';
comment on column ops.v_egress_attempts.outcome is 'As in ops.v_egress.';
comment on column ops.v_egress_attempts.attempts is 'How often in this minute.';
comment on column ops.v_egress_attempts.reason is
'Why the proxy refused it, or what stopped it after it was let out.';
revoke all on ops.v_egress_attempts from public, anon;
grant select on ops.v_egress_attempts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_egress_attempts to qa_tester, release_manager, sre, developer, audit_reader;
