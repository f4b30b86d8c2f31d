-- Shows each environment with its project and its newest run, so that one row has the deployment and the current work
-- of a branch.
create view ops.v_environment_overview
with (security_invoker = true) as
select
    e.id,
    e.project_id,
    p.slug as project_slug,
    p.status as project_status,
    e.name,
    e.branch,
    e.stage,
    e.generation,
    e.partition_key,
    case
        when removal.kind is not null then 'destroying'
        when e.status in ('pending', 'failed') and working.kind in ('deploy', 'build') then 'building'
        else e.status::text
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
    e.is_pinned,
    e.wakes_on_request,
    e.last_used_at,
    e.created_at,
    e.destroyed_at,
    working.id as working_run_id,
    latest.run_number as latest_run_number,
    latest.status as latest_run_status,
    latest.error_message as latest_run_error,
    case when change.status = 'failed' then change.run_number end as failed_run_number,
    case when change.status = 'failed' then change.error_message end as failed_run_error
from ops.environments as e
join ops.projects as p on p.id = e.project_id
left join ops.runs as working on working.environment_id = e.id and working.status in ('claimed', 'running')
left join lateral (
    select r.kind from ops.runs as r
    where
        r.environment_id = e.id and r.status in ('queued', 'claimed', 'running') and r.kind = 'destroy'
        and e.destroyed_at is null
    order by r.run_number desc
    limit 1
) as removal on true
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
) as latest on true
left join lateral (
    -- a stop, a start or a backup mends nothing of what failed before
    select
        r.run_number,
        r.status,
        r.error_message
    from ops.run_requests as q
    join ops.runs as r on r.id = q.run_id
    where
        q.environment_id = e.id and r.kind in ('build', 'test', 'deploy', 'restore', 'clone', 'promote')
        and r.status in ('succeeded', 'failed')
    order by q.run_number desc
    limit 1
) as change on true;
comment on view ops.v_environment_overview is 'Environments, what they show and what works on them.';
comment on column ops.v_environment_overview.status is
'The environment''s state; building while its first run works, destroying as soon as its removal waits.';
comment on column ops.v_environment_overview.project_status is 'Whether its project is active or archived.';
comment on column ops.v_environment_overview.working_run_id is 'The run that works on it now.';
comment on column ops.v_environment_overview.latest_run_number is 'The number of its newest run.';
comment on column ops.v_environment_overview.latest_run_status is 'How its newest run goes.';
comment on column ops.v_environment_overview.latest_run_error is 'Why its newest run failed, if it did.';
comment on column ops.v_environment_overview.failed_run_number is
'The number of its newest run that would have changed what it serves, if that failed.';
comment on column ops.v_environment_overview.failed_run_error is 'Why that run failed.';
revoke all on ops.v_environment_overview from public, anon;
grant select on ops.v_environment_overview to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_environment_overview
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
