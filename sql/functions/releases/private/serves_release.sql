-- Returns whether an environment serves exactly this release: its image and the commit of the project's repository.
-- Called by promote_release and record_what_serves. Locks and raises nothing.
create or replace function ops_private.serves_release(
    p_environment_id uuid,
    p_release ops.releases
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.environments as e
    where
        e.id = p_environment_id and e.project_id = (p_release).project_id and e.database_name is not null
        and e.image_digest = (p_release).image_digest and e.deployed_sha = ops_private.project_git_sha(p_release)
)
$$;
comment on function ops_private.serves_release is 'Whether an environment serves exactly this release.';
revoke all on function ops_private.serves_release from public;
