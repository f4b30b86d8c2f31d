-- Returns an exception to a caller who may grant and revoke it, and locks it. Raises PT404 and PT403.
create or replace function ops_private.exception_to_change(p_exception_id uuid)
returns ops.exceptions
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_exception ops.exceptions;
begin
    select e.* into v_exception from ops.exceptions as e where e.id = p_exception_id for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such exception', hint = 'List them: select id, reason from ops.exceptions.';
    end if;
    perform ops_private.require_release(v_exception.release_id, 'grant_exception');
    return v_exception;
end
$$;
comment on function ops_private.exception_to_change is 'An exception, locked, to who may grant and revoke it.';
revoke all on function ops_private.exception_to_change from public;
