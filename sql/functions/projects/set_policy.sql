-- Sets a project's policy and returns the rules in force; a rule left out falls back to the platform's. Without a
-- project it sets the rules for all, which only the platform may do. With p_read, the rules in force that the caller has
-- read, it refuses where others hold by now.
-- Called by admins. Locks the policy's row, and with p_read the project's.
-- Raises PT404, PT403, PT400 naming the wrong rule, and PT412. What changes who reaches what is an event of environments. Repeating it is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.set_policy(
    project_id uuid,
    type ops.policy_type,
    rules jsonb,
    p_read jsonb default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if set_policy.project_id is not null then
        perform ops_private.require_permission(set_policy.project_id, 'manage');
    else
        perform ops_private.require_platform_permission(
            'manage', 'You may not set the policy for all projects', 'Set that of a project you administer.'
        );
    end if;
    if p_read is not null then
        perform from ops.projects as j where j.id = set_policy.project_id for no key update;
        if p_read <> ops_private.rules_in_force(set_policy.project_id, set_policy.type) then
            raise sqlstate 'PT412' using
                message = 'Other rules hold than those that you have read',
                hint = 'Read them again, and decide anew.';
        end if;
    end if;
    perform ops_private.refuse_rules(set_policy.type, set_policy.rules);
    if set_policy.type = 'egress' then
        -- Two who set it take turns: what the operator takes back meanwhile is not opened again.
        perform from ops.policies as p
        where p.project_id is not distinct from set_policy.project_id and p.policy_type = set_policy.type
        for update;
        perform ops_private.refuse_inner_destinations(set_policy.project_id, set_policy.rules);
    end if;
    insert into ops.policies as p (project_id, policy_type, rules, opened, updated_by)
    values (
        set_policy.project_id, set_policy.type, set_policy.rules,
        case when set_policy.type = 'egress'
            then ops_private.opened_destinations(set_policy.project_id, set_policy.rules) else '{}' end,
        coalesce(ops.caller_id(), ops.caller_role())
    )
    on conflict (project_id, policy_type) do update
    set rules = excluded.rules, opened = excluded.opened, updated_by = excluded.updated_by, updated_at = now();
    if set_policy.type = 'egress' then
        perform ops_private.note_egress_rules(set_policy.project_id);
    end if;
    return ops_private.rules_in_force(set_policy.project_id, set_policy.type);
exception when foreign_key_violation then
    raise sqlstate 'PT404' using
        message = 'There is no such project', hint = 'List them: ops project list.';
end
$$;
comment on function ops.set_policy is 'Sets what a project holds itself to.';
revoke all on function ops.set_policy from public;
grant execute on function ops.set_policy to authenticated, service_role, ops_operator;
