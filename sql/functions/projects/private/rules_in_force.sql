-- Returns a project's rules: the defaults, overridden by the platform's policy, overridden by the project's own.
-- Called by functions that apply a policy, with any caller. Locks and raises nothing.
create or replace function ops_private.rules_in_force(
    p_project_id uuid,
    p_type ops.policy_type
)
returns jsonb
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return ops.policy_defaults(p_type)
        || coalesce((select p.rules from ops.policies as p where p.project_id is null and p.policy_type = p_type), '{}')
        || coalesce((select p.rules from ops.policies as p where p.project_id = p_project_id and p.policy_type = p_type), '{}');
end
$$;
comment on function ops_private.rules_in_force is 'The rules that hold in a project.';
revoke all on function ops_private.rules_in_force from public;
