-- Moves a branch to a commit, or to nothing, and queues the resulting runs: previews and staging are deployed,
-- production is built, each by the project's workflow if it is enabled for the branch; environments of deleted branches
-- are destroyed. Locks the project's row until the transaction
-- ends. A branch that policy preview does not list gets no preview by a push; one that a person made follows its pushes.
-- Production is never destroyed by a push. A run that waits or works for the commit is joined instead of
-- superseded. Called by record_branch_heads for branches that moved.
create or replace function ops_private.update_branch_head(
    p_project_id uuid,
    p_branch text,
    p_sha text,
    p_trigger text,
    p_requested_by text default null
)
returns table (outcome text, run_id uuid)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_environment ops.environments;
    v_is_gone boolean := p_sha is null or p_sha ~ '^0+$';
    v_stage ops.environment_stage;
    v_kind ops.run_kind := 'destroy';
    v_workflow ops.workflows;
begin
    perform from ops.projects as p where p.id = p_project_id for no key update;
    run_id := null;
    if v_is_gone then
        delete from ops.branch_heads as h where h.project_id = p_project_id and h.branch = p_branch;
        select e.* into v_environment from ops.environments as e
        where e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null;
        outcome := case
            when v_environment.id is null then 'nothing to destroy'
            when v_environment.stage = 'production' then 'production stays'
            when exists (
                select from ops.runs as r
                where r.environment_id = v_environment.id and r.kind = 'destroy'
                    and r.status in ('queued', 'claimed', 'running')
                    and not exists ( -- what waits behind it would go to the branch's next environment
                        select from ops.runs as n
                        where n.environment_id = v_environment.id and n.status = 'queued'
                            and n.kind in ('deploy', 'build') and n.run_number > r.run_number
                    )
            ) then 'unchanged'
            else 'queued'
        end;
    else
        -- a stage that was given at the environment's creation overrides the branch's rule
        select coalesce(e.stage, ops_private.stage_of_branch(p.id, p_branch)) into v_stage
        from ops.projects as p
        left join ops.environments as e
            on e.project_id = p.id and e.name = p_branch and e.destroyed_at is null
        where p.id = p_project_id;
        if v_stage = 'development' and not ops_private.gets_preview(p_project_id, p_branch) then
            insert into ops.branch_heads as h (project_id, branch, sha) values (p_project_id, p_branch, p_sha)
            on conflict (project_id, branch) do update set sha = excluded.sha, seen_at = excluded.seen_at;
            outcome := 'no preview';
            return next;
            return;
        end if;
        v_kind := case when v_stage = 'production' then 'build' else 'deploy' end;
        v_workflow := ops_private.workflow_of(p_project_id, v_kind::text::ops.workflow_type, p_branch);
        if not v_workflow.is_enabled then -- the head stays unknown: when the workflow is enabled, the branch moves
            outcome := 'workflow disabled';
            return next;
            return;
        end if;
        insert into ops.branch_heads as h (project_id, branch, sha) values (p_project_id, p_branch, p_sha)
        on conflict (project_id, branch) do update set sha = excluded.sha, seen_at = excluded.seen_at;
        run_id := ops_private.run_to_join(p_project_id, p_branch, p_sha, v_kind);
        outcome := case when run_id is null then 'queued' else 'joined' end;
    end if;
    if outcome = 'queued' and v_is_gone then
        run_id := ops.queue_run(
            p_project_id, p_branch, v_environment.deployed_sha, 'refs/heads/' || p_branch,
            p_kind => v_kind, p_trigger => p_trigger, p_requested_by => p_requested_by
        );
    elsif outcome = 'queued' then
        run_id := ops_private.queue_by_workflow(
            v_workflow, p_branch, p_sha, 'refs/heads/' || p_branch, p_trigger, p_requested_by
        );
    end if;
    return next;
end
$$;
comment on function ops_private.update_branch_head is 'Moves a branch and queues what follows.';
revoke all on function ops_private.update_branch_head from public;
