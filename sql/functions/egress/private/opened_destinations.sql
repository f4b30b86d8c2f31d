-- Returns, by rule, the addresses on the lists of policy egress that the platform's operator named: all of them if it is
-- the one who sets the rules, else those that it had named before. Called by set_policy. Locks and raises nothing.
create or replace function ops_private.opened_destinations(
    p_project_id uuid,
    p_rules jsonb
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce(jsonb_object_agg(o.rule, o.destinations), '{}')
from (
    select n.rule, jsonb_agg(n.destination) as destinations
    from ops_private.named_addresses(p_rules) as n
    where ops.is_platform() or exists (
        select from ops.policies as p
        where
            p.project_id is not distinct from p_project_id and p.policy_type = 'egress'
            and p.opened -> n.rule ? n.destination
    )
    group by n.rule
) as o
$$;
comment on function ops_private.opened_destinations is 'The addresses on lists that the platform named.';
revoke all on function ops_private.opened_destinations from public;
