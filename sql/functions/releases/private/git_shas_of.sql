-- Returns the commits of a release that the platform itself makes: the project's repository by its owner and name, at
-- the given commit. Called by functions that make releases of builds. Locks and raises nothing.
create or replace function ops_private.git_shas_of(
    p_project_id uuid,
    p_git_sha text
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    (regexp_match(ops.normalise_repo_url(p.repo_url), '([^/]+(/[^/]+)?)$'))[1], p_git_sha
)
from ops.projects as p
where p.id = p_project_id
$$;
comment on function ops_private.git_shas_of is 'The commits of a release of the project''s own repository.';
revoke all on function ops_private.git_shas_of from public;
