-- Returns the default rules of a policy. Called by rules_in_force. Reads, locks and raises nothing.
create or replace function ops.policy_defaults(p_type ops.policy_type)
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_object_agg(r.rule, r.default_value) from ops.policy_rules() as r where r.policy_type = p_type
$$;
comment on function ops.policy_defaults is 'The rules of a policy where nobody set any.';
revoke all on function ops.policy_defaults from public;
grant execute on function ops.policy_defaults to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.policy_defaults
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
