-- Archives a project: cancels its queued runs, accepts no new ones, and stops polling its branches.
-- Called by `ops project archive` and owners. Locks the project's row. Raises PT404 and PT403. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.archive_project(
    p_slug text
)
returns setof ops.projects
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
    v_run_id uuid;
begin
    select p.* into v_project from ops.projects as p where p.slug = p_slug for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    perform ops_private.require_permission(v_project.id, 'archive');
    update ops.projects as p set status = 'archived', archived_at = coalesce(p.archived_at, clock_timestamp())
    where p.id = v_project.id
    returning p.* into v_project;
    for v_run_id in select r.id from ops.runs as r where r.project_id = v_project.id and r.status = 'queued' loop
        perform ops_private.end_queued_run(v_run_id, 'the project was archived');
    end loop;
    return next v_project;
end
$$;
comment on function ops.archive_project is 'Archives a project.';
revoke all on function ops.archive_project from public;
grant execute on function ops.archive_project to authenticated, service_role, ops_operator;
