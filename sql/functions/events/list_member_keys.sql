-- Lists the keys of a project's members, newest first and without their hashes: to whoever manages the members all of them,
-- to others their own. Called by the console and people. Locks and raises nothing.
-- Definer: nobody may read keys directly; the caller's permissions in the project are checked.
create or replace function ops.list_member_keys(p_project_id uuid)
returns table (
    prefix text,
    name text,
    user_id uuid,
    scopes text[],
    status text,
    created_at timestamptz,
    expires_at timestamptz,
    last_used_at timestamptz,
    is_own boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select v.prefix, v.name, v.user_id, v.scopes, v.status, v.created_at, v.expires_at, v.last_used_at, o.is_own
    from ops.v_event_keys as v
    cross join lateral (select v.user_id = auth.uid() as is_own) as o
    where
        v.project_id = p_project_id and v.user_id is not null and ops.has_permission(p_project_id, 'read')
        and (o.is_own or ops.has_permission(p_project_id, 'manage'))
    order by v.created_at desc, v.prefix;
end
$$;
comment on function ops.list_member_keys is 'The keys of a project''s members: all for admins, else the own ones.';
revoke all on function ops.list_member_keys from public;
grant execute on function ops.list_member_keys to authenticated;
