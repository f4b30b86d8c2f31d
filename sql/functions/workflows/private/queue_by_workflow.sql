-- Queues a run by a workflow and returns its id: the workflow's priority, attempts and config are the run's; ahead
-- of everybody's work goes only what the platform asks for, or who may manage the project. Called by
-- queue_workflow, update_branch_head, apply_tag and queue_due_previews. Locks and raises what queue_run does.
create or replace function ops_private.queue_by_workflow(
    p_workflow ops.workflows,
    p_branch text,
    p_git_sha text,
    p_ref text,
    p_trigger text,
    p_requested_by text,
    p_idempotency_key text default null
)
returns uuid
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops.queue_run(
    (p_workflow).project_id, p_branch, p_git_sha, p_ref,
    p_kind => (p_workflow).workflow_type::text::ops.run_kind,
    p_trigger => p_trigger,
    p_requested_by => p_requested_by,
    p_priority => least(
        coalesce(((p_workflow).config ->> 'priority')::int, 0),
        case when not ops.is_platform() and not ops.has_permission((p_workflow).project_id, 'manage') then 0 end
    ),
    p_idempotency_key => p_idempotency_key,
    p_config => coalesce((p_workflow).config -> 'run', '{}'),
    p_max_attempts => coalesce(((p_workflow).config ->> 'max_attempts')::int, 3),
    p_workflow_id => (p_workflow).id
)
$$;
comment on function ops_private.queue_by_workflow is 'Queues a run with what its workflow gives it.';
revoke all on function ops_private.queue_by_workflow from public;
