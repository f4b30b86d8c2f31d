-- Lists the projects of which the caller is a member; with a key, those that the key reaches.
-- Called once per statement by the policies of every table with a project. Locks and raises nothing.
-- Definer: the policy of memberships itself calls it, which would recurse without end under row level security.
create or replace function ops.visible_projects()
returns setof uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select m.project_id from ops.project_memberships as m where m.user_id = (select auth.uid()) and ops_private.is_within_key(m.project_id, 'read')
$$;
comment on function ops.visible_projects is 'The projects that the calling person belongs to.';
revoke all on function ops.visible_projects from public;
grant execute on function ops.visible_projects to authenticated, service_role, ops_worker, ops_operator;
