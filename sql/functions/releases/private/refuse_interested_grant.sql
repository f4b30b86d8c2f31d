-- Refuses that an exception is granted by the release's author or by who requested it, whatever names they have here.
-- Glass is broken when nobody else is there; the platform that acts as itself is no person. Fired by exceptions, for any
-- writer. Locks nothing; raises PT403.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_interested_grant()
returns trigger
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_persons text[] := ops_private.persons_of(new.granted_by);
begin
    if new.is_break_glass or new.granted_by = new.release_author or ( -- the table's own check refuses the second
        ops.is_platform() and new.granted_by = ops.caller_id() and coalesce(ops.caller_claims() ->> 'sub', '') = ''
    ) then
        return new;
    elsif ops.person_of(new.release_author) = any (v_persons) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot waive its gates', new.granted_by),
            hint = 'Ask somebody else: four eyes.';
    elsif ops.person_of(new.requested_by) = any (v_persons) then
        raise sqlstate 'PT403' using
            message = format('%s requested this exception and cannot grant it', new.granted_by),
            hint = 'Ask somebody else; alone, in an emergency, break glass: ops.break_glass.';
    end if;
    return new;
end
$$;
comment on function ops_private.refuse_interested_grant is 'Refuses a grant by who has a part in the exception.';
revoke all on function ops_private.refuse_interested_grant from public;
