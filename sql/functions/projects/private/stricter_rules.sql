-- Returns rules of a policy, each as strict as the repository wants it at least.
-- Called by rules_in_force. Locks and raises nothing.
create or replace function ops_private.stricter_rules(
    p_type ops.policy_type,
    p_rules jsonb,
    p_others jsonb
)
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select p_rules || coalesce(
    jsonb_object_agg(o.key, ops_private.stricter_rule(p_type, o.key, p_rules -> o.key, o.value)), '{}'
)
from jsonb_each(p_others) as o
where p_rules ? o.key
$$;
comment on function ops_private.stricter_rules is 'Rules of a policy, made stricter by others.';
revoke all on function ops_private.stricter_rules from public;
