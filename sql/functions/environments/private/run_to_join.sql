-- Returns the branch's run that already does what is asked: the newest that builds, deploys or destroys there, if it
-- waits or works, for the same commit and of the same kind; null if there is none. A run of chosen assets does only
-- a part, and one that is being canceled does not count.
-- Called by update_branch_head. Locks and raises nothing.
create or replace function ops_private.run_to_join(
    p_project_id uuid,
    p_branch text,
    p_sha text,
    p_kind ops.run_kind
)
returns uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_newest ops.runs;
begin
    select r.* into v_newest
    from ops.environments as e
    join ops.runs as r on r.environment_id = e.id
    where
        e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null
        and r.status in ('queued', 'claimed', 'running') and r.kind in ('build', 'deploy', 'destroy')
        and coalesce(r.git_ref not like 'refs/tags/%', true) -- the build of a tag is another release
    order by r.run_number desc
    limit 1;
    return (
        select q.run_id from ops.run_requests as q
        where
            q.run_id = v_newest.id and v_newest.kind = p_kind and v_newest.git_sha = p_sha
            and v_newest.cancel_requested_at is null and coalesce(q.config -> 'assets', '[]') = '[]'
    );
end
$$;
comment on function ops_private.run_to_join is 'The run that already does what a moved branch asks for.';
revoke all on function ops_private.run_to_join from public;
