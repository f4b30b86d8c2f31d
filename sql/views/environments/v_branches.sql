-- Shows each environment as a page of branches does: what serves, who asked for it, what it waits for, and how old the
-- data of a copy are.
create view ops.v_branches
with (security_invoker = true) as
select
    o.id,
    o.project_id,
    o.project_slug,
    o.project_status,
    o.partition_key,
    o.name,
    o.branch,
    o.stage,
    o.status,
    o.url,
    o.is_adopted,
    o.deployed_sha,
    o.deployed_run_id,
    o.expires_at,
    o.created_at,
    o.working_run_id,
    o.latest_run_number,
    o.latest_run_status,
    o.latest_run_error,
    d.requested_by as deployed_by,
    d.finished_at as deployed_at,
    coalesce(c.failed, 0) as failed_checks,
    w.run_number as waiting_run_number,
    w.position as waiting_position,
    w.waits_for,
    data.taken_at as data_taken_at,
    o.failed_run_number,
    o.failed_run_error
from ops.v_environment_overview as o
left join ops.v_runs as d on d.id = o.deployed_run_id
left join lateral ( -- noqa: ST05
    select count(*) as failed from ops.run_checks as k
    where k.run_id = o.deployed_run_id and k.attempt = d.attempt and not k.passed
) as c on true
left join lateral (
    select
        q.run_number,
        q.position,
        q.waits_for
    from ops.v_run_queue as q
    where q.partition_key = o.partition_key
    order by q.position
    limit 1
) as w on true
left join lateral (
    select b.taken_at
    from ops.restores as r
    join ops.backups as b on b.id = r.backup_id
    where r.environment_id = o.id and r.status = 'succeeded' and r.purpose in ('clone', 'restore')
    order by r.finished_at desc
    limit 1
) as data on true;
comment on view ops.v_branches is 'Environments as a page of branches shows them.';
comment on column ops.v_branches.status is 'The environment''s state; building while its first run works.';
comment on column ops.v_branches.deployed_by is 'Who asked for what serves.';
comment on column ops.v_branches.deployed_at is 'When what serves was deployed.';
comment on column ops.v_branches.failed_checks is 'How many questions about what serves were answered with no.';
comment on column ops.v_branches.waiting_run_number is 'The number of the run that waits for its turn.';
comment on column ops.v_branches.waiting_position is 'Its place in the queue.';
comment on column ops.v_branches.waits_for is 'What it waits for.';
comment on column ops.v_branches.data_taken_at is 'The moment of the data of which it is a copy; null without one.';
comment on column ops.v_branches.working_run_id is 'The run that works on it now.';
comment on column ops.v_branches.latest_run_number is 'The number of its newest run.';
comment on column ops.v_branches.latest_run_status is 'How its newest run goes.';
comment on column ops.v_branches.latest_run_error is 'Why its newest run failed, if it did.';
comment on column ops.v_branches.project_status is 'Whether its project is active or archived.';
comment on column ops.v_branches.failed_run_number is
'The number of the last run that should have changed it, if that failed.';
comment on column ops.v_branches.failed_run_error is 'Why that run failed.';
revoke all on ops.v_branches from public, anon;
grant select on ops.v_branches to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_branches to qa_tester, release_manager, sre, developer, audit_reader;
