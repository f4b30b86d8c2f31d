-- Returns the release that a run built, or built again; null if it built none, or if that was withdrawn. Called by
-- the functions that tell gates of runs. Locks and raises nothing.
create or replace function ops_private.release_of_run(p_run ops.runs)
returns ops.releases
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select r.*
from ops.releases as r
where
    r.project_id = (p_run).project_id and r.git_ref = (p_run).git_ref and r.status <> 'withdrawn'
    and ops_private.project_git_sha(r) = (p_run).git_sha
    and (r.run_id = (p_run).id or r.image_digest in (
        select l.data_version from ops.run_lineage as l where l.run_id = (p_run).id and l.asset_key = 'image'
    ))
order by r.created_at desc
limit 1
$$;
comment on function ops_private.release_of_run is 'The release that a run built.';
revoke all on function ops_private.release_of_run from public;
