-- Revokes an exception, or refuses one that was only requested; its gate is evaluated without it again.
-- Called by release managers, and by the platform for one of them, whom it names. Locks the exception, then its gate.
-- Raises PT404, PT403. Repeating it is harmless.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.revoke_exception(
    exception_id uuid,
    p_revoked_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_exception ops.exceptions := ops_private.exception_to_change(revoke_exception.exception_id);
begin
    update ops.exceptions as e
    set revoked_by = ops_private.acting_person(p_revoked_by), revoked_at = clock_timestamp()
    where e.id = v_exception.id and e.revoked_at is null;
end
$$;
comment on function ops.revoke_exception is 'Ends an exception.';
revoke all on function ops.revoke_exception from public;
grant execute on function ops.revoke_exception to service_role, release_manager;
