-- Returns rules of a policy, each as strict as the repository wants it at least. What it may ask for of a preview's rule,
-- such as memory_mb, is also what the rule's maximum allows, memory_max_mb.
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
    jsonb_object_agg(o.key, ops_private.stricter_rule(p_type, o.key, case
        when p_type = 'preview' and p_rules -> o.key <> '0' -- which is no limit already
            then greatest(p_rules -> o.key, p_rules -> regexp_replace(o.key, '_', '_max_'))
        else p_rules -> o.key
    end, o.value)), '{}'
)
from jsonb_each(p_others) as o
where p_rules ? o.key
$$;
comment on function ops_private.stricter_rules is 'Rules of a policy, made stricter by others.';
revoke all on function ops_private.stricter_rules from public;
