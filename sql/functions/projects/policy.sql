-- Returns the rules in force in a project; without a project, the platform's rules for all.
-- Called by people and steps. Locks nothing; raises PT404 for a project the caller cannot see.
-- Definer: the rules are the same for every caller; the caller's right to read the project is checked.
create or replace function ops.policy(
    project_id uuid,
    type ops.policy_type
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if policy.project_id is not null then
        perform ops_private.require_permission(policy.project_id, 'read');
    end if;
    return ops_private.rules_in_force(policy.project_id, policy.type);
end
$$;
comment on function ops.policy is 'The rules that hold in a project.';
revoke all on function ops.policy from public;
grant execute on function ops.policy to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.policy
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
