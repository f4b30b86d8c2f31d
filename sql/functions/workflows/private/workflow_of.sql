-- Returns the workflow by which a push to a branch, or a clock, asks for a run: the first enabled one of the type that
-- takes the branch, in the order in which they were made. A project without a workflow of the type has the platform's
-- own, which has no id, is enabled and takes every branch. If none takes the branch, the one returned is not enabled.
-- Called by update_branch_head, apply_tag, queue_nightly_backups,
-- queue_due_previews and named_workflow. Locks and raises nothing.
create or replace function ops_private.workflow_of(
    p_project_id uuid,
    p_type ops.workflow_type,
    p_branch text
)
returns ops.workflows
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_workflow ops.workflows;
begin
    select w.* into v_workflow from ops.workflows as w
    where
        w.project_id = p_project_id and w.workflow_type = p_type and w.is_enabled
        and (w.config -> 'branches' is null or ops.matches_pattern(p_branch, w.config -> 'branches'))
    order by w.created_at, w.name
    limit 1;
    if not found then
        v_workflow.project_id := p_project_id;
        v_workflow.name := p_type::text;
        v_workflow.workflow_type := p_type;
        v_workflow.config := '{}';
        v_workflow.is_enabled := not exists (
            select from ops.workflows as w where w.project_id = p_project_id and w.workflow_type = p_type
        );
    end if;
    return v_workflow;
end
$$;
comment on function ops_private.workflow_of is 'The workflow by which a push or a clock asks for a run.';
revoke all on function ops_private.workflow_of from public;
