-- Lists what the caller may do in the project, by ops.has_permission. Called by pages that draw a button only for who may
-- press it. Locks and raises nothing; nobody learns more than by asking for each.
create or replace function ops.list_permissions(p_project_id uuid)
returns setof text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select n.permission
from (select distinct unnest(r.permissions) as permission from ops.roles as r) as n
where ops.has_permission(p_project_id, n.permission)
order by n.permission
$$;
comment on function ops.list_permissions is 'What the caller may do in the project.';
revoke all on function ops.list_permissions from public;
grant execute on function ops.list_permissions to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.list_permissions
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
