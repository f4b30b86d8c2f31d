-- Returns the release with a version or an id in a project; null if there is none. Called by functions that read
-- envelopes. Raises nothing.
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
limit 1
$$;
comment on function ops_private.named_release is 'The release of a version or an id.';
revoke all on function ops_private.named_release from public;
