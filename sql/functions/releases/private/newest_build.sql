-- Returns the newest successful run of the project's default branch that made an image, or the given one of them.
-- Called by release_build and promote_due_builds. Locks and raises nothing; no row if there is none.
create or replace function ops_private.newest_build(
    p_project_id uuid,
    p_run_id uuid default null
)
returns table (run_id uuid, run_number bigint, git_sha text, image_digest text, requested_by text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    r.id,
    q.run_number,
    r.git_sha,
    l.data_version,
    q.requested_by
from ops.run_requests as q
join ops.runs as r on r.id = q.run_id
join ops.environments as e on e.id = q.environment_id
join ops.projects as p on p.id = q.project_id and p.default_branch = e.branch
join ops.run_lineage as l on l.run_id = r.id and l.attempt = r.attempt and l.asset_key = 'image'
where
    q.project_id = p_project_id and r.status = 'succeeded' and r.kind in ('build', 'test', 'deploy')
    and r.git_sha is not null and (p_run_id is null or r.id = p_run_id)
order by q.run_number desc
limit 1
$$;
comment on function ops_private.newest_build is 'The newest successful build of the default branch.';
revoke all on function ops_private.newest_build from public;
