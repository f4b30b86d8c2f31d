-- Refuses a decision on a gate by the release's author, whatever name either has here. Fired by approvals, for any
-- writer. Locks nothing. Raises PT403, and PT400 for a name that is nobody's.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_interested_approver()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_persons text[] := ops_private.persons_of(new.approver_id);
begin
    if v_persons = '{}' then
        raise sqlstate 'PT400' using
            message = 'A decision is somebody''s', column = 'approver_id', hint = 'Name the person: approver_id.';
    elsif new.approver_id <> new.release_author -- the table's own check refuses the same name
        and ops.person_of(new.release_author) = any (v_persons) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot approve it', new.approver_id), column = 'approver_id',
            hint = 'Ask somebody else: four eyes.';
    end if;
    return new;
end
$$;
comment on function ops_private.refuse_interested_approver is 'Refuses a decision by who has a part in the release.';
revoke all on function ops_private.refuse_interested_approver from public;
