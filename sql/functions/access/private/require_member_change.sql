-- Refuses a caller who may not give this role to, or take it from, this person: admins change roles below owner, owners
-- all roles. Raises PT404 and PT403.
create or replace function ops_private.require_member_change(
    p_project_id uuid,
    p_user_id uuid,
    p_role ops.membership_role default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops_private.require_permission(p_project_id, case
        when p_role = 'owner' or exists (
            select from ops.project_memberships as m
            where m.project_id = p_project_id and m.user_id = p_user_id and m.role = 'owner'
        ) then 'archive'
        else 'manage'
    end);
end
$$;
comment on function ops_private.require_member_change is 'Refuses the caller who may not change this membership.';
revoke all on function ops_private.require_member_change from public;
