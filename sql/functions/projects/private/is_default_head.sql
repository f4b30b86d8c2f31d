-- Returns whether a run's commit is the newest one that is known of its project's default branch, whatever branch the run
-- names: what any other commit says of the project is a claim.
-- Called by record_repository_rules and record_notification_rules. Locks and raises nothing.
create or replace function ops_private.is_default_head(p_run ops.runs)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select from ops.projects as p
        join ops.branch_heads as h on h.project_id = p.id and h.branch = p.default_branch
        where p.id = p_run.project_id and h.sha = p_run.git_sha
    );
end
$$;
comment on function ops_private.is_default_head is 'Whether a run''s commit is the head of the default branch.';
revoke all on function ops_private.is_default_head from public;
