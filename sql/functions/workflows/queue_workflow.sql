-- Queues a run of a workflow and returns the run's id. The project is named by its slug or id; the workflow by its
-- name, or by its type: then it is the one that takes a push to the branch, or the platform's own where the project has
-- none of the type.
-- Called by scripts/odooops/env_create.sh and people. Locks what queue_run does. Raises PT404 for an
-- unknown project or workflow, PT409 for a disabled one and for a branch that it does not take, and what queue_run
-- raises. Repeating it with the same idempotency key returns the same run.
-- Definer: it calls helpers that only the owner may execute; queue_run checks the caller's permission.
create or replace function ops.queue_workflow(
    p_project text,
    p_workflow text,
    p_branch text,
    p_git_sha text default null,
    p_ref text default null,
    p_trigger text default 'api',
    p_requested_by text default null,
    p_idempotency_key text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid := ops_private.named_project(p_project);
begin
    if v_project_id is null or not ops.has_permission(v_project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    return ops_private.queue_by_workflow(
        ops_private.named_workflow(v_project_id, p_workflow, p_branch),
        p_branch, p_git_sha, coalesce(p_ref, 'refs/heads/' || p_branch), p_trigger, p_requested_by, p_idempotency_key
    );
end
$$;
comment on function ops.queue_workflow is 'Asks for a run of a workflow and returns its id.';
revoke all on function ops.queue_workflow from public;
grant execute on function ops.queue_workflow to authenticated, service_role, ops_operator;
grant execute on function ops.queue_workflow to ci_service_role, developer;
