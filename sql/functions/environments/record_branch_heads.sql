-- Compares a repository's branches, {branch: commit}, with the known heads, queues the resulting runs, and returns
-- them. A move that a delivery told of counts as a push of the one who pushed, every other one as found by polling.
-- Called by polling. p_asked_at is the time of the question: an answer older than the last one changes nothing. The
-- first answer builds only feature/*, release/*, the default branch and what a delivery told of, except p_empty_branch,
-- which holds no module: nobody waits for it. For a project that is not polled, it builds the branches that a delivery
-- named. A branch that cannot be followed leaves its reason as the project's poll_error and holds up no other.
-- Locks the project's row and its counter.
-- Raises PT404, PT503 if another session holds the project, and PT400 for an empty answer, which would destroy
-- everything. A retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_branch_heads(
    p_project_id uuid,
    p_heads jsonb,
    p_asked_at timestamptz default null,
    p_empty_branch text default null
)
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s' -- other projects' polls wait
as $$
declare
    v_asked_at timestamptz := coalesce(p_asked_at, clock_timestamp());
    v_project ops.projects;
    v_moved record;
    v_outcome record;
    v_error text;
begin
    if jsonb_typeof(p_heads) is distinct from 'object' or p_heads = '{}' then
        raise sqlstate 'PT400' using
            message = 'An answer without branches is not believed',
            hint = 'Look at the repository: git ls-remote --heads.';
    end if;
    v_project := ops_private.lock_project(p_project_id);
    if v_project.id is null then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    elsif v_project.heads_asked_at > v_asked_at then
        return;
    end if;
    for v_moved in select m.* from ops_private.moved_branches(v_project, p_heads) as m loop
        if v_project.poll_enabled and v_project.last_polled_at is null and v_moved.sha is not null and (
            v_moved.branch = p_empty_branch
            or (v_moved.branch <> v_project.default_branch and v_moved.branch !~ '^(feature|release)/')
        ) and not v_moved.is_delivered then
            insert into ops.branch_heads (project_id, branch, sha) values (p_project_id, v_moved.branch, v_moved.sha)
            on conflict do nothing;
            continue;
        end if;
        begin
            select m.outcome, m.run_id into v_outcome
            from ops_private.update_branch_head(
                p_project_id, v_moved.branch, v_moved.sha,
                case when v_moved.is_delivered then 'push' else 'poll' end, v_moved.pusher
            ) as m;
            if v_outcome.outcome = 'queued' then
                return next v_outcome.run_id;
            end if;
        exception
            when serialization_failure or deadlock_detected or query_canceled or lock_not_available then raise;
            when others then v_error := format('%s: %s', v_moved.branch, sqlerrm);
        end;
    end loop;
    update ops.projects as p
    set heads_asked_at = v_asked_at,
        last_polled_at = case when p.poll_enabled then clock_timestamp() else p.last_polled_at end,
        poll_failed_at = case when v_error is not null then clock_timestamp() end, poll_error = v_error,
        notified_at = case when v_error is not null or p.notified_at > v_asked_at then p.notified_at end
    where p.id = p_project_id;
exception when lock_not_available then
    raise sqlstate 'PT503' using
        message = 'Another session holds this project', hint = 'It is polled again; see pg_stat_activity.';
end
$$;
comment on function ops.record_branch_heads is 'Compares a repositorys branches with what was last seen.';
revoke all on function ops.record_branch_heads from public;
grant execute on function ops.record_branch_heads to service_role, ops_worker;
