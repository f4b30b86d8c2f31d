-- Prevents the removal of a project's last owner, by any caller. Fired by ops.project_memberships, before an owner's
-- row is changed or removed; the removal of a project removes its owners too.
-- Locks the project's row, so that two owners cannot remove each other at once. Raises PT409.
-- Definer: it counts owners whom the caller may not see, and locks a row that the caller may not change.
create or replace function ops_private.require_one_owner()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.projects as p where p.id = old.project_id for no key update;
    if found and not exists (
        select from ops.project_memberships as m
        where m.project_id = old.project_id and m.role = 'owner' and m.user_id <> old.user_id
    ) then
        raise sqlstate 'PT409' using
            message = 'A project keeps an owner',
            hint = 'Make somebody else owner first: ops.set_member.';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function ops_private.require_one_owner is 'Refuses the removal of a project''s last owner.';
revoke all on function ops_private.require_one_owner from public;
