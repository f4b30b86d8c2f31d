-- Returns whether the caller has the permission in the project, by ops.roles: a signed-in person by their role in the
-- project, a persona everywhere, a login of the platform by its job; the service role and the owner may do everything.
-- A caller with a key has no more than the key's project and scopes. Without a project it is about the whole platform,
-- in which members have no permission.
-- Called by policies and RPCs, and by every queue_run. Locks nothing; raises PT400 for a permission that does not
-- exist.
-- Definer: it reads memberships for policies that guard memberships themselves.
create or replace function ops.has_permission(
    p_project_id uuid,
    p_permission text
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_jobs text[] := ops.caller_jobs();
begin
    if p_permission is null or p_permission <> all (array[
        'read', 'queue_build', 'queue', 'queue_production', 'manage', 'archive', 'ingest_build', 'sign_off_g2',
        'sign_off_g3', 'grant_exception', 'promote', 'deploy', 'record_incident', 'drill', 'backup', 'restore', 'audit',
        'create_project', 'pin_tool'
    ]) then
        raise sqlstate 'PT400' using
            message = format('There is no permission %s', coalesce(p_permission, 'null')),
            hint = 'Ask for one that ops.roles names, such as read or queue.';
    elsif not ops_private.is_within_key(p_project_id, p_permission) then
        return false;
    elsif cardinality(v_jobs) > 0 then
        return exists (
            select from ops.roles as r where r.role = any (v_jobs) and p_permission = any (r.permissions)
        );
    elsif ops.is_platform() then
        return true;
    elsif pg_has_role(ops.caller_role(), 'authenticated', 'usage') then
        return exists (
            select from ops.project_memberships as m
            join ops.roles as r on r.role = m.role::text
            where m.project_id = p_project_id and m.user_id = auth.uid() and p_permission = any (r.permissions)
        );
    end if;
    return exists (
        select from ops.roles as r
        where r.role = any (ops.caller_personas()) and p_permission = any (r.permissions)
    );
end
$$;
comment on function ops.has_permission is 'Whether the caller may do this in the project; ops.roles says who may what.';
revoke all on function ops.has_permission from public;
grant execute on function ops.has_permission to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.has_permission
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
