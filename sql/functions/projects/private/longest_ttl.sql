-- Returns the longest retention, in days, of all projects and of the platform's default.
-- Called by the expiry of whole months. Locks and raises nothing.
create or replace function ops_private.longest_ttl(
    p_rule text
)
returns int
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select max((ops_private.rules_in_force(p.id, 'ttl') ->> p_rule)::int)
from (select project.id from ops.projects as project union all select null) as p
$$;
comment on function ops_private.longest_ttl is 'The most days that any project keeps something.';
revoke all on function ops_private.longest_ttl from public;
