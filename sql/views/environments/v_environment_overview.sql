-- Shows each environment with its project and its newest run, so that one row has the deployment and the current work
-- of a branch.
create view ops.v_environment_overview
with (security_invoker = true) as
select
    e.id,
    e.project_id,
    p.slug as project_slug,
    e.name,
    e.branch,
    e.stage,
    e.generation,
    e.partition_key,
    case
        when e.status in ('pending', 'failed') and working.kind in ('deploy', 'build') then 'building'
        else e.status
    end as status,
    e.url,
    e.host_label,
    e.port,
    e.database_name,
    e.image_digest,
    e.deployed_sha,
    e.deployed_run_id,
    e.expires_at,
    e.is_adopted,
    e.created_at,
    e.destroyed_at,
    working.id as working_run_id,
    latest.run_number as latest_run_number,
    latest.status as latest_run_status,
    latest.error_message as latest_run_error
from ops.environments as e
join ops.projects as p on p.id = e.project_id
left join ops.runs as working on working.environment_id = e.id and working.status in ('claimed', 'running')
left join lateral (
    select
        r.run_number,
        r.status,
        r.error_message
    from ops.run_requests as q
    join ops.runs as r on r.id = q.run_id
    where q.environment_id = e.id
    order by q.run_number desc
    limit 1
) as latest on true;
comment on view ops.v_environment_overview is 'Environments, what they show and what works on them.';
comment on column ops.v_environment_overview.status is 'The environment''s state; building while its first run works.';
comment on column ops.v_environment_overview.working_run_id is 'The run that works on it now.';
comment on column ops.v_environment_overview.latest_run_number is 'The number of its newest run.';
comment on column ops.v_environment_overview.latest_run_status is 'How its newest run goes.';
comment on column ops.v_environment_overview.latest_run_error is 'Why its newest run failed, if it did.';
revoke all on ops.v_environment_overview from public, anon;
grant select on ops.v_environment_overview to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_environment_overview
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
