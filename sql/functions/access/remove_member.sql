-- Ends a membership and returns whether there was one; everyone may leave, with a key only if it may manage the project.
-- Called by people.
-- Locks the project's memberships. Raises PT404, PT403 and PT409 for the last owner. A retry is harmless.
-- Definer: it answers that a foreign project does not exist, which row level security alone would not do.
create or replace function ops.remove_member(
    p_project_id uuid,
    p_user_id uuid
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_user_id is distinct from auth.uid() or ops.caller_role() <> 'authenticated'
        or not ops_private.is_within_key(p_project_id, 'manage') then
        perform ops_private.require_member_change(p_project_id, p_user_id);
    end if;
    delete from ops.project_memberships as m where m.project_id = p_project_id and m.user_id = p_user_id;
    return found;
end
$$;
comment on function ops.remove_member is 'Ends a membership.';
revoke all on function ops.remove_member from public;
grant execute on function ops.remove_member to authenticated, service_role, ops_operator;
