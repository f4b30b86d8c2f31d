-- Lists the living environments that reach only what policy egress lets them, which production does not, with the mode
-- and the list of their stage, and what on such lists the platform's operator named: for the project, or for all.
-- Called by egress_rules and note_egress_rules. Locks and raises nothing.
create or replace function ops_private.ruled_environments()
returns table (
    id uuid,
    project_id uuid,
    project_slug text,
    name text,
    stage text,
    mode text,
    allow jsonb,
    opened jsonb,
    rules jsonb
)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    e.id, p.id, p.slug, e.name, e.stage::text, held.rules ->> (e.stage || '_mode'), held.rules -> (e.stage || '_allow'),
    (
        select coalesce(jsonb_agg(distinct d.destination), '[]')
        from ops.policies as o
        cross join jsonb_array_elements_text(coalesce(o.opened -> (e.stage || '_allow'), '[]')) as d (destination)
        where o.policy_type = 'egress' and (o.project_id = p.id or o.project_id is null)
    ),
    held.rules
from ops.projects as p
cross join lateral (select ops_private.rules_in_force(p.id, 'egress') as rules) as held
join ops.environments as e on e.project_id = p.id and e.destroyed_at is null and e.stage <> 'production'
$$;
comment on function ops_private.ruled_environments is 'The environments whose way out has rules.';
revoke all on function ops_private.ruled_environments from public;
