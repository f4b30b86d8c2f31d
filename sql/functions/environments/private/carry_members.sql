-- Removes the members of a restored record that are not among p_members (project_id, user_id, role), and gives the others
-- the lesser of both roles; returns how many changed. Called by carry_revocations. Locks what it changes. Raises nothing:
-- PT409 for the last owner of a project is passed over. A retry changes nothing.
create or replace function ops_private.carry_members(
    p_members jsonb
)
returns int
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count int := 0;
    v_member record;
begin
    for v_member in
        select m.project_id, m.user_id, n.role
        from ops.project_memberships as m
        left join jsonb_to_recordset(coalesce(p_members, '[]')) as n (project_id uuid, user_id uuid, role ops.membership_role)
            on n.project_id = m.project_id and n.user_id = m.user_id
        where n.role is null or n.role < m.role
    loop
        begin
            if v_member.role is null then
                delete from ops.project_memberships as m
                where m.project_id = v_member.project_id and m.user_id = v_member.user_id;
            else
                update ops.project_memberships as m set role = v_member.role
                where m.project_id = v_member.project_id and m.user_id = v_member.user_id;
            end if;
            v_count := v_count + 1;
        exception when sqlstate 'PT409' then
            continue;
        end;
    end loop;
    return v_count;
end
$$;
comment on function ops_private.carry_members is 'Takes members away that left after a restored record''s backup.';
revoke all on function ops_private.carry_members from public;
