-- Returns the version of a ref's next release: a tag's name, or the branch's with the number of the candidate, such
-- as 1.0-rc.3 for the third of release/1.0. Called by write_candidate, whose caller locks the project. Raises
-- nothing.
create or replace function ops_private.next_version(
    p_project_id uuid,
    p_git_ref text
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_git_ref like 'refs/tags/%' then substr(p_git_ref, length('refs/tags/') + 1)
    else n.begins || (
        select 1 + coalesce(max(substr(r.version, length(n.begins) + 1)::int), 0)
        from ops.releases as r
        where
            r.project_id = p_project_id and left(r.version, length(n.begins)) = n.begins
            and substr(r.version, length(n.begins) + 1) ~ '^[1-9]\d{0,8}$'
    )
end
from (select replace(regexp_replace(p_git_ref, '^refs/heads/(release/)?', ''), '/', '-') || '-rc.' as begins) as n
$$;
comment on function ops_private.next_version is 'The version of a branch''s or tag''s next release.';
revoke all on function ops_private.next_version from public;
