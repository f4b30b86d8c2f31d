-- Adds a member to a project, or changes the member's role. Called by people.
-- Locks the project's memberships. Raises PT400 without a user or a role, PT404, PT403 (admins change roles below
-- owner, owners all roles) and PT409 if the last owner would step down. A retry is harmless.
-- Definer: it answers that a foreign project does not exist, which row level security alone would not do.
create or replace function ops.set_member(
    p_project_id uuid,
    p_user_id uuid,
    p_role ops.membership_role
)
returns setof ops.project_memberships
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops_private.require_member_change(p_project_id, p_user_id, p_role);
    return query
    insert into ops.project_memberships as m (project_id, user_id, role) values (p_project_id, p_user_id, p_role)
    on conflict (project_id, user_id) do update set role = excluded.role
    returning m.*;
exception when not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'A member is a user of an existing project, with a role',
        detail = sqlerrm,
        hint = 'Pass p_project_id, p_user_id and one of viewer, developer, admin, owner.';
end
$$;
comment on function ops.set_member is 'Makes somebody a member, or changes what they are.';
revoke all on function ops.set_member from public;
grant execute on function ops.set_member to authenticated, service_role, ops_operator;
