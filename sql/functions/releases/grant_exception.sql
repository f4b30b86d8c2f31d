-- Grants a requested exception: from now until it expires, its gate counts as bypassed.
-- Called by release managers, and by the platform for one of them, whom it names. Locks the exception, then its gate.
-- Raises PT404, PT403 (also for the release's author and for who requested it: four eyes), and PT409 for one that
-- expired or was revoked. Repeating it is harmless.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.grant_exception(
    exception_id uuid,
    p_granted_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_exception ops.exceptions := ops_private.exception_to_change(grant_exception.exception_id);
    v_caller text := ops_private.acting_person(p_granted_by);
begin
    if v_exception.revoked_at is not null or v_exception.expires_at <= clock_timestamp() then
        raise sqlstate 'PT409' using
            message = format('The exception %s', case
                when v_exception.revoked_at is not null then 'was revoked by ' || v_exception.revoked_by
                else 'has expired'
            end),
            hint = 'Request another one.';
    elsif ops.person_of(v_exception.release_author) = any (ops_private.persons_of(v_caller)) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot waive its gates', v_caller),
            hint = 'Ask somebody else: four eyes.';
    end if;
    perform ops_private.recognise_caller();
    update ops.exceptions as e set granted_by = v_caller, granted_at = clock_timestamp()
    where e.id = v_exception.id and e.granted_at is null;
end
$$;
comment on function ops.grant_exception is 'Grants a requested exception.';
revoke all on function ops.grant_exception from public;
grant execute on function ops.grant_exception to service_role, release_manager;
