-- Refuses a caller who may not promote in the project. The worker, which decides nothing for people, promotes only where
-- policy promotion.release is on_push: promote_due_builds. Called by promote_release and release_build. Locks nothing.
-- Raises PT404 and PT403.
create or replace function ops_private.require_promoter(p_project_id uuid)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if 'ops_worker' = any (ops.caller_jobs())
        and ops_private.rules_in_force(p_project_id, 'promotion') ->> 'release' = 'on_push' then
        return;
    end if;
    perform ops_private.require_permission(p_project_id, 'promote');
end
$$;
comment on function ops_private.require_promoter is 'Refuses the caller who may not promote in the project.';
revoke all on function ops_private.require_promoter from public;
