-- Returns the name under which a person's act is recorded: the caller's, or, for the platform that acts for a person,
-- the name it gives. Called by RPCs in which a person requests, grants, opens or ends something. Locks nothing.
-- Raises PT403 for another's name, PT400 for one that is nobody's.
create or replace function ops_private.acting_person(p_named text)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_named is null then
        return coalesce(ops.caller_id(), ops.caller_role());
    elsif ops.person_of(p_named) is null then
        raise sqlstate 'PT400' using
            message = 'An act is somebody''s', hint = 'Name the person by visible characters.';
    elsif ops.is_platform() then
        return p_named;
    elsif not ops.person_of(p_named) = any (ops_private.caller_persons()) then
        raise sqlstate 'PT403' using message = 'You act as yourself', hint = 'Leave the name out.';
    end if;
    return coalesce(ops.caller_id(), ops.caller_role());
end
$$;
comment on function ops_private.acting_person is 'The name under which a person''s act is recorded.';
revoke all on function ops_private.acting_person from public;
