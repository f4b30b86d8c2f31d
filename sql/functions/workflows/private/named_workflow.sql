-- Returns the workflow that a person names, by its name or else by its type: the one that would take a push to the
-- branch. Called by queue_workflow. Locks nothing. Raises PT404 if the project has none of the name, and PT409 if it is
-- disabled or does not take the branch.
create or replace function ops_private.named_workflow(
    p_project_id uuid,
    p_name text,
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
    select w.* into v_workflow from ops.workflows as w where w.project_id = p_project_id and w.name = p_name;
    if not found and p_name = any (enum_range(null::ops.workflow_type)::text[]) then
        v_workflow := ops_private.workflow_of(p_project_id, p_name::ops.workflow_type, p_branch);
    elsif not found then
        raise sqlstate 'PT404' using
            message = format('There is no workflow %s', p_name), hint = 'List them: ops workflow list.';
    elsif v_workflow.config -> 'branches' is not null
        and not ops.matches_pattern(p_branch, v_workflow.config -> 'branches') then
        raise sqlstate 'PT409' using
            message = format('Workflow %s does not take the branch %s', p_name, p_branch),
            hint = format('It takes %s.', v_workflow.config -> 'branches');
    end if;
    if not v_workflow.is_enabled then
        raise sqlstate 'PT409' using
            message = format('No workflow %s is enabled for the branch %s', p_name, p_branch),
            hint = 'Enable it: ops workflow enable.';
    end if;
    return v_workflow;
end
$$;
comment on function ops_private.named_workflow is 'The workflow that a person names.';
revoke all on function ops_private.named_workflow from public;
