-- Refuses rules that a policy of this type does not have. Locks nothing; raises PT400 naming the rule.
create or replace function ops_private.refuse_rules(
    p_type ops.policy_type,
    p_rules jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong text;
begin
    if jsonb_typeof(p_rules) is distinct from 'object' then
        v_wrong := 'A policy is an object';
    else
        select case
            when r.rule is null then format('%s: the policy %s has no such rule', g.key, p_type)
            else format('%s %s', g.key, ops_private.rule_fault(r.kind, g.value, r.minimum, r.maximum))
        end into v_wrong
        from jsonb_each(p_rules) as g
        left join ops.policy_rules() as r on r.policy_type = p_type and r.rule = g.key
        where r.rule is null or ops_private.rule_fault(r.kind, g.value, r.minimum, r.maximum) is not null
        order by g.key
        limit 1;
    end if;
    if v_wrong is not null then
        raise sqlstate 'PT400' using
            message = v_wrong,
            hint = format('Its rules: %s.', (
                select string_agg(r.rule, ', ') from ops.policy_rules() as r where r.policy_type = p_type
            ));
    end if;
end
$$;
comment on function ops_private.refuse_rules is 'Refuses rules that no policy of this type may hold.';
revoke all on function ops_private.refuse_rules from public;
