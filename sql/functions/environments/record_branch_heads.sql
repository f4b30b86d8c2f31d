-- Compares a repository's branches, {branch: commit}, with the known heads, queues the resulting runs, and returns
-- them.
-- Called by polling. p_asked_at is the time of the poll: branches that changed or were deleted since are newer than the
-- answer and stay. The first answer builds only feature/*, release/* and the default branch, except p_empty_branch,
-- which holds no module: nobody waits for it. For a project that is not polled, it builds the branches that a delivery
-- named. Locks the project's row and its counter.
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
    v_project ops.projects;
    v_branch text;
    v_sha text;
    v_run_id uuid;
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
    end if;
    for v_branch, v_sha in
        select coalesce(h.branch, a.key), a.value
        from (select b.branch, b.seen_at from ops.branch_heads as b where b.project_id = p_project_id) as h
        full join jsonb_each_text(p_heads) as a on a.key = h.branch
        where
            (p_asked_at is null or h.seen_at is null or h.seen_at <= p_asked_at)
            and (v_project.poll_enabled or h.branch is not null or ops_private.was_told_of(v_project.repo_url, a.key))
            and (
                h.branch is not null or p_asked_at is null
                or not ops_private.was_told_of(v_project.repo_url, a.key, p_gone_since => p_asked_at)
            )
        order by 1
    loop
        if v_project.poll_enabled and v_project.last_polled_at is null and v_sha is not null and (
            v_branch = p_empty_branch
            or (v_branch <> v_project.default_branch and v_branch !~ '^(feature|release)/')
        ) then
            insert into ops.branch_heads (project_id, branch, sha) values (p_project_id, v_branch, v_sha)
            on conflict do nothing;
        else
            select m.run_id into v_run_id
            from ops_private.update_branch_head(p_project_id, v_branch, v_sha, 'poll') as m where m.outcome = 'queued';
            if v_run_id is not null then
                return next v_run_id;
            end if;
        end if;
    end loop;
    update ops.projects as p
    set last_polled_at = case when p.poll_enabled then clock_timestamp() else p.last_polled_at end,
        poll_failed_at = null, poll_error = null,
        doubted_at = case when p.doubted_at > p_asked_at then p.doubted_at end
    where p.id = p_project_id;
exception when lock_not_available then
    raise sqlstate 'PT503' using
        message = 'Another session holds this project', hint = 'It is polled again; see pg_stat_activity.';
end
$$;
comment on function ops.record_branch_heads is 'Compares a repositorys branches with what was last seen.';
revoke all on function ops.record_branch_heads from public;
grant execute on function ops.record_branch_heads to service_role, ops_worker;
