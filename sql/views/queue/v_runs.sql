-- Shows one run with its related names: the answer to "how is this run?" for people and workers. Project,
-- environment and number are the request's, whose indexes find a run by its number and list the newest ones.
create view ops.v_runs
with (security_invoker = true) as
select
    r.id,
    q.project_id,
    p.slug as project_slug,
    q.environment_id,
    e.partition_key,
    q.run_number,
    r.kind,
    r.status,
    r.trigger,
    q.requested_by,
    r.git_ref,
    r.git_sha,
    r.priority,
    r.attempt,
    r.max_attempts,
    r.starts,
    r.not_before,
    r.claimed_by,
    r.dagster_run_id,
    q.config,
    r.exit_code,
    r.error_message,
    r.fault,
    q.retry_of,
    r.created_at,
    r.claimed_at,
    r.started_at,
    r.finished_at,
    r.cancel_requested_at,
    r.lease_expires_at,
    r.finished_at - r.started_at as duration
from ops.runs as r
join ops.run_requests as q on q.run_id = r.id
join ops.projects as p on p.id = q.project_id
left join ops.environments as e on e.id = q.environment_id;
comment on view ops.v_runs is 'Runs with the names of their project and environment.';
comment on column ops.v_runs.fault is 'Whose fault a failed run is: project, platform.';
comment on column ops.v_runs.duration is 'How long the work took; empty until it ended.';
revoke all on ops.v_runs from public, anon;
grant select on ops.v_runs to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_runs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
