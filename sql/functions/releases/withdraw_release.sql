-- Withdraws a release: it can no longer be promoted. Existing deployments stay. Called by its author and by callers who
-- may promote. Locks the release. Raises PT404, PT403. Repeating it is harmless.
-- Definer: nobody may write releases directly; the function checks that the caller may promote or is the author.
create or replace function ops.withdraw_release(release_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases := ops_private.require_release(withdraw_release.release_id);
begin
    if not ops.person_of(v_release.created_by) = any (ops_private.caller_persons()) then
        perform ops_private.require_permission(v_release.project_id, 'promote');
    end if;
    perform ops_private.move_release(v_release.id, 'withdrawn');
end
$$;
comment on function ops.withdraw_release is 'Takes a release out of the running.';
revoke all on function ops.withdraw_release from public;
grant execute on function ops.withdraw_release to authenticated, service_role, ops_operator, ci_service_role,
developer, release_manager;
