-- Returns the stricter of a rule's value and of what the repository says. A rule that is not named here is not for the
-- repository to say. Called by stricter_rules. Locks and raises nothing.
create or replace function ops_private.stricter_rule(
    p_type ops.policy_type,
    p_rule text,
    p_value jsonb,
    p_other jsonb
)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loose_to_strict constant text[] := case p_rule
        when 'release' then array['on_push', 'by_hand', 'gated']
        else array['allow', 'refuse_overlooked', 'refuse']
    end;
begin
    return case
        when p_type = 'retention' then to_jsonb(greatest(p_value::int, p_other::int))
        when (p_type, p_rule) in (('backup', 'max_age_hours'), ('backup', 'every_hours'))
            then to_jsonb(least(p_value::int, p_other::int))
        when (p_type, p_rule) in (
            ('backup', 'nightly'), ('backup', 'attachments_elsewhere_fatal'), ('clone', 'coverage_fatal')
        ) then to_jsonb(p_value::boolean or p_other::boolean)
        when (p_type, p_rule) in (('gates', 'untested_modules'), ('promotion', 'release')) then to_jsonb(v_loose_to_strict[greatest(
            array_position(v_loose_to_strict, p_value #>> '{}'), array_position(v_loose_to_strict, p_other #>> '{}')
        )])
        when p_type = 'clone' and p_rule = 'masking_hooks' then p_value || (
            select coalesce(jsonb_agg(o.value order by o.ordinality), '[]')
            from jsonb_array_elements(p_other) with ordinality as o where not p_value ? (o.value #>> '{}')
        )
        when p_type = 'clone' and p_rule = 'columns' then p_value || (
            -- what is to be kept protects nothing; of two values the policy's counts, and what removes counts before both
            select coalesce(jsonb_object_agg(o.key, o.value), '{}') from jsonb_each_text(p_other) as o
            where o.value <> 'keep' and (
                coalesce(p_value ->> o.key, 'keep') = 'keep'
                or o.value in ('delete_rows', 'truncate') and p_value ->> o.key like 'value:%'
            )
        )
        when p_type = 'preview' and p_rule in ('idle_minutes', 'memory_mb', 'cpu_percent', 'disk_mb')
            -- 0 is no limit
            then to_jsonb(coalesce(least(nullif(p_value::int, 0), nullif(p_other::int, 0)), 0))
        when (p_type, p_rule) in (('clone', 'staging_branches'), ('preview', 'branches')) then (
            -- of two patterns the narrower one, if it lies within the other
            select coalesce(jsonb_agg(distinct n.pattern), '[]') from (
                select o.pattern from jsonb_array_elements_text(p_other) as o (pattern)
                where ops.matches_pattern(o.pattern, p_value)
                union all
                select v.pattern from jsonb_array_elements_text(p_value) as v (pattern)
                where ops.matches_pattern(v.pattern, p_other)
            ) as n
        )
        else p_value
    end;
end
$$;
comment on function ops_private.stricter_rule is 'The stricter of two values of a rule.';
revoke all on function ops_private.stricter_rule from public;
