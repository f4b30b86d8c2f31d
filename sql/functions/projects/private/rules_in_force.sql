-- Returns a project's rules: the defaults, overridden by the platform's policy, overridden by the project's own, and
-- each as strict at least as the repository's default branch has it.
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
    return ops_private.stricter_rules(
        p_type,
        ops.policy_defaults(p_type)
        || coalesce((select p.rules from ops.policies as p where p.project_id is null and p.policy_type = p_type), '{}')
        || coalesce((select p.rules from ops.policies as p where p.project_id = p_project_id and p.policy_type = p_type), '{}'),
        coalesce((select k.rules -> p_type::text from ops.repository_rules as k where k.project_id = p_project_id), '{}')
    );
end
$$;
comment on function ops_private.rules_in_force is 'The rules that hold in a project.';
revoke all on function ops_private.rules_in_force from public;
