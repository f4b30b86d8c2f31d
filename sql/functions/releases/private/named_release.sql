-- Returns the release with a version, an id or a commit in a project; null if there is none. Of several with the commit
-- it is the newest that was not withdrawn. Called by functions that read envelopes. Raises nothing.
create or replace function ops_private.named_release(
    p_project_id uuid,
    p_name text
)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select r.id from ops.releases as r where r.project_id = p_project_id and r.version = p_name
union all
select r.id from ops.releases as r
where
    r.project_id = p_project_id
    and r.id = case
        when p_name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p_name::uuid
    end
union all
(
    select r.id from ops.releases as r
    where
        r.project_id = p_project_id and r.status <> 'withdrawn'
        and p_name ~ '^([0-9a-f]{40}|[0-9a-f]{64})$'
        and exists (select from jsonb_each_text(r.git_shas) as s where s.value = p_name)
    order by r.created_at desc
    limit 1
)
limit 1
$$;
comment on function ops_private.named_release is 'The release of a version, an id or a commit.';
revoke all on function ops_private.named_release from public;
