-- Removes a rule; what was written for its recipient before is still sent. One that odooops.yaml declares is muted instead:
-- no push brings it back, and its recipient is told by no declared rule of the project any longer, whatever its events.
-- A rule that people make tells it again. Called by admins and `ops notify rule remove`. Raises PT404 if there is none of
-- which the caller may know, and PT403. A retry changes nothing that is muted.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.remove_notification_rule(p_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_is_declared boolean;
begin
    select r.project_id, r.is_declared into v_project_id, v_is_declared from ops.notification_rules as r where r.id = p_id;
    if not found or v_project_id is null and not ops.is_platform()
        or v_project_id is not null and not ops.has_permission(v_project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no rule %s', p_id), hint = 'List them: ops notify rule list.';
    elsif v_project_id is not null then
        perform ops_private.require_permission(v_project_id, 'manage');
    end if;
    if v_is_declared then
        update ops.notification_rules as r set muted_by = coalesce(ops.caller_id(), ops.caller_role())
        where r.id = p_id and r.muted_by is null;
        return;
    end if;
    delete from ops.notification_rules as r where r.id = p_id;
end
$$;
comment on function ops.remove_notification_rule is 'Removes a rule, or mutes a declared one.';
revoke all on function ops.remove_notification_rule from public;
grant execute on function ops.remove_notification_rule to authenticated, service_role, ops_operator;
