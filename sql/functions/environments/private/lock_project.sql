-- Locks a project's row and its counter, in the order in which pushes and polls need them, and returns the row; null if
-- there is no such project. Called where a branch moves, before queue_run, so that the caller's patience counts.
-- Raises lock_not_available. A retry is harmless.
create or replace function ops_private.lock_project(
    p_project_id uuid
)
returns ops.projects
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
begin
    select p.* into v_project from ops.projects as p where p.id = p_project_id for no key update;
    perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
    return v_project;
end
$$;
comment on function ops_private.lock_project is 'Locks a project whose branches move.';
revoke all on function ops_private.lock_project from public;
