-- Returns the sentence that names the roles with the permission, for the hint of a refusal. Called by
-- require_permission and require_platform_permission. Locks and raises nothing.
create or replace function ops_private.who_may(p_permission text)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select format('It takes one of these roles: %s.', string_agg(r.role, ', ' order by r.role))
from ops.roles as r
where p_permission = any (r.permissions) and r.role !~ '^ops_' -- people take no login of the platform
$$;
comment on function ops_private.who_may is 'The sentence that names the roles with a permission.';
revoke all on function ops_private.who_may from public;
