-- Says whether the caller may do this in the project: read, queue, queue_production, manage, archive.
-- Called by policies and RPCs. Locks nothing; raises PT400 for a permission that does not exist.
-- Definer: it reads memberships for policies that guard memberships themselves.
create or replace function ops.has_permission(
    p_project_id uuid,
    p_permission text
)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_needed ops.membership_role := case p_permission
        when 'read' then 'viewer'
        when 'queue' then 'developer'
        when 'queue_production' then 'admin'
        when 'manage' then 'admin'
        when 'archive' then 'owner'
    end::ops.membership_role;
begin
    if v_needed is null then
        raise sqlstate 'PT400' using
            message = format('There is no permission %s', coalesce(p_permission, 'null')),
            hint = 'Ask for read, queue, queue_production, manage or archive.';
    end if;
    return ops.is_platform() or exists (
        select from ops.project_memberships as m
        where m.project_id = p_project_id and m.user_id = auth.uid() and m.role >= v_needed
    );
end
$$;
comment on function ops.has_permission is
'Whether the caller may read, queue, queue_production, manage or archive in the project.';
revoke all on function ops.has_permission from public;
grant execute on function ops.has_permission to authenticated, service_role, ops_worker;
