-- Shows what a project's pushes and clocks go by: its workflows, the platform's own for each type that it has none of,
-- and the newest run of each.
create view ops.v_workflows
with (security_invoker = true) as
select
    p.id as project_id,
    p.slug as project_slug,
    w.id as workflow_id,
    coalesce(w.name, t.workflow_type::text) as name,
    t.workflow_type,
    coalesce(w.config, '{}') as config,
    coalesce(w.is_enabled, true) as is_enabled,
    w.set_by,
    w.set_at,
    l.run_id as last_run_id,
    l.run_number as last_run_number,
    l.status as last_run_status,
    l.git_ref,
    l.git_sha
from ops.projects as p
cross join unnest(enum_range(null::ops.workflow_type)) as t (workflow_type)
left join ops.workflows as w on w.project_id = p.id and w.workflow_type = t.workflow_type
left join lateral (
    select
        r.id as run_id,
        r.run_number,
        r.status,
        r.git_ref,
        r.git_sha
    from ops.run_requests as q
    join ops.runs as r on r.id = q.run_id
    where q.workflow_id = w.id
    order by q.run_id desc -- ids rise with the time
    limit 1
) as l on true;
comment on view ops.v_workflows is 'What a project''s pushes and clocks go by, and the newest run of each workflow.';
comment on column ops.v_workflows.workflow_id is 'Empty for the platform''s own, by which a project without one goes.';
comment on column ops.v_workflows.last_run_id is 'The newest run that it asked for.';
comment on column ops.v_workflows.last_run_number is 'Its number in the project.';
comment on column ops.v_workflows.last_run_status is 'Its state.';
comment on column ops.v_workflows.git_ref is 'The ref of that run.';
comment on column ops.v_workflows.git_sha is 'The commit of that run.';
revoke all on ops.v_workflows from public, anon;
grant select on ops.v_workflows to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_workflows
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
