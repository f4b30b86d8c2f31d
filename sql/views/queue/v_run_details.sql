-- Lists runs with their requests and related names, in the form that claims return.
create view ops.v_run_details
with (security_invoker = true) as
select
    r.id,
    r.project_id,
    p.slug as project_slug,
    r.environment_id,
    e.partition_key,
    r.run_number,
    r.kind,
    r.status,
    r.trigger,
    q.requested_by,
    r.git_ref,
    r.git_sha,
    r.priority,
    r.attempt,
    r.max_attempts,
    r.claimed_by,
    r.dagster_run_id,
    q.config,
    r.exit_code,
    r.error_message,
    q.retry_of,
    r.created_at,
    r.claimed_at,
    r.started_at,
    r.finished_at,
    r.cancel_requested_at,
    r.lease_expires_at
from ops.runs as r
join ops.run_requests as q on q.run_id = r.id
join ops.projects as p on p.id = r.project_id
left join ops.environments as e on e.id = r.environment_id;
comment on view ops.v_run_details is 'Runs with their related names, as claims return them.';
revoke all on ops.v_run_details from public, anon;
grant select on ops.v_run_details to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_run_details
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
