-- Moves a project to a state and returns it: the only writer of a project's state. An archived one keeps the time since
-- when it is archived. Called by functions that locked its row and checked the permission. Raises nothing.
create or replace function ops_private.move_project(
    p_project_id uuid,
    p_to ops.project_status
)
returns ops.projects
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
update ops.projects as p
set status = p_to, archived_at = case p_to when 'archived' then coalesce(p.archived_at, clock_timestamp()) end
where p.id = p_project_id
returning p.*
$$;
comment on function ops_private.move_project is 'Moves a project to a state.';
revoke all on function ops_private.move_project from public;
