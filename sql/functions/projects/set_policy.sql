-- Sets a project's policy and returns the rules in force; a rule left out falls back to the platform's. Without a
-- project it sets the rules for all, which only the platform may do.
-- Called by admins. Locks the policy's row.
-- Raises PT404, PT403 and PT400 naming the wrong rule. Repeating it is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.set_policy(
    project_id uuid,
    type ops.policy_type,
    rules jsonb
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
    elsif not ops.is_platform() then
        raise sqlstate 'PT403' using
            message = 'You may not set the policy for all projects',
            hint = 'Set that of a project you administer.';
    end if;
    perform ops_private.refuse_rules(set_policy.type, set_policy.rules);
    insert into ops.policies as p (project_id, policy_type, rules, updated_by)
    values (set_policy.project_id, set_policy.type, set_policy.rules, coalesce(ops.caller_id(), ops.caller_role()))
    on conflict (project_id, policy_type) do update
    set rules = excluded.rules, updated_by = excluded.updated_by, updated_at = now();
    return ops_private.rules_in_force(set_policy.project_id, set_policy.type);
exception when foreign_key_violation then
    raise sqlstate 'PT404' using
        message = 'There is no such project', hint = 'List them: ops project list.';
end
$$;
comment on function ops.set_policy is 'Sets what a project holds itself to.';
revoke all on function ops.set_policy from public;
grant execute on function ops.set_policy to authenticated, service_role, ops_operator;
