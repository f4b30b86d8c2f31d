-- Returns whether the session may see the project as this member: whoever manages the project's members may, and auditors,
-- who read everything anyway; false without a project. Called by authenticate_console_session and see_as_member, by the
-- gateway, which no policy knows. Locks and raises nothing.
create or replace function ops_private.sees_as_member(
    p_session ops.console_sessions,
    p_project_id uuid,
    p_user_id uuid
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.project_memberships as m where m.project_id = p_project_id and m.user_id = p_user_id
) and exists (
    select from ops.roles as r
    where
        (r.role = p_session.persona and 'audit' = any (r.permissions))
        or (
            'manage' = any (r.permissions) and r.role = (
                select m.role::text from ops.project_memberships as m
                where m.project_id = p_project_id and m.user_id = p_session.user_id
            )
        )
)
$$;
comment on function ops_private.sees_as_member is 'Whether a session may see a project as one of its members.';
revoke all on function ops_private.sees_as_member from public;
