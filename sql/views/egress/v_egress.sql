-- Shows what each environment tried to reach, whether it got there, and what in it tried.
create view ops.v_egress
with (security_invoker = true) as
select
    a.environment_id,
    a.project_id,
    p.slug as project_slug,
    e.branch,
    e.partition_key,
    a.outcome,
    a.destination,
    max(a.address) as address,
    a.port,
    a.protocol,
    a.module,
    a.cron,
    sum(a.attempts) as attempts,
    max(a.reason) as reason,
    sum(a.bytes_out)::bigint as bytes_out,
    sum(a.bytes_in)::bigint as bytes_in,
    min(a.first_at) as first_at,
    max(a.last_at) as last_at
from ops.egress_attempts as a
join ops.environments as e on e.id = a.environment_id
join ops.projects as p on p.id = a.project_id
group by
    a.environment_id, a.project_id, p.slug, e.branch, e.partition_key, a.outcome, a.destination, a.port, a.protocol,
    a.module, a.cron;
comment on view ops.v_egress is
'What environments tried to reach, while it is kept; module, cron and destination are what the environment said.';
comment on column ops.v_egress.outcome is
'refused: no network, or not on the list; caught: a mail that the catcher took; allowed: by the list; reported: not on '
'the list, and let out all the same; open: it has the machine''s network.';
comment on column ops.v_egress.attempts is 'How often.';
comment on column ops.v_egress.reason is 'Why the proxy refused it, or what stopped it after it was let out.';
comment on column ops.v_egress.bytes_out is 'Bytes that left through the proxy.';
comment on column ops.v_egress.bytes_in is 'Bytes that came back through the proxy.';
comment on column ops.v_egress.first_at is 'The first time.';
comment on column ops.v_egress.last_at is 'The last time.';
revoke all on ops.v_egress from public, anon;
grant select on ops.v_egress to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_egress to qa_tester, release_manager, sre, developer, audit_reader;
