-- Takes a release out of the running: it is promoted nowhere any more. What runs already stays where it is.
-- Called by its author and by who promotes. Locks the release. Raises PT404, PT403. Repeating it is harmless.
-- Definer: nobody writes releases themselves; the caller's permission is checked: who promotes, or who made it.
create or replace function ops.withdraw_release(release_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases := ops.require_release(withdraw_release.release_id);
begin
    if v_release.created_by is distinct from ops.caller_id() then
        perform ops.require_permission(v_release.project_id, 'promote');
    end if;
    update ops.releases as r set status = 'withdrawn', withdrawn_at = clock_timestamp()
    where r.id = v_release.id and r.status <> 'withdrawn';
end
$$;
comment on function ops.withdraw_release is 'Takes a release out of the running.';
revoke all on function ops.withdraw_release from public;
grant execute on function ops.withdraw_release to authenticated, service_role, ops_worker, ci_service_role,
developer, release_manager;
