-- Returns the commit of the project's own repository in a release, or of the release's only repository; null if there
-- is neither. Locks and raises nothing.
create or replace function ops_private.project_git_sha(p_release ops.releases)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select s.value
from jsonb_each_text((p_release).git_shas) as s
join ops.projects as p on p.id = (p_release).project_id
where
    right(ops.normalise_repo_url(p.repo_url), length(s.key) + 1) = '/' || lower(s.key)
    or (select count(*) from jsonb_object_keys((p_release).git_shas)) = 1
order by length(s.key) desc
limit 1
$$;
comment on function ops_private.project_git_sha is 'The commit of the project''s own repository in a release.';
revoke all on function ops_private.project_git_sha from public;
