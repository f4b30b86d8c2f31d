-- Returns the commits of a run's build by repository: that of the project's own, by its name at the forge, and those
-- of its submodules, by their paths below that name. Called by propose_release. Locks and raises nothing.
create or replace function ops_private.commits_of(
    p_run ops.runs,
    p_submodules jsonb
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(own.name, (p_run).git_sha) || coalesce((
    select jsonb_object_agg(own.name || '/' || s.key, s.value) from jsonb_each(p_submodules) as s
), '{}')
from (
    -- the last two parts of the address, without its host: acme/shop
    select substring(regexp_replace(ops.normalise_repo_url(p.repo_url), '^[^/]+/', '') from '(?:[^/]+/)?[^/]+$') as name
    from ops.projects as p
    where p.id = (p_run).project_id
) as own
$$;
comment on function ops_private.commits_of is 'The commits of a run''s build, by repository.';
revoke all on function ops_private.commits_of from public;
