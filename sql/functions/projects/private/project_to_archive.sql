-- Returns the project that the caller may archive and bring back, and locks its row. Called by archive_project and
-- restore_project. Raises PT404 and PT403, and PT409 while a restored record is not confirmed: both stop, remove or
-- start environments, and production without a run.
create or replace function ops_private.project_to_archive(
    p_slug text
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
    select p.* into v_project from ops.projects as p where p.slug = p_slug for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    perform ops_private.require_permission(v_project.id, 'archive');
    perform ops_private.require_confirmed('no project is archived or brought back');
    return v_project;
end
$$;
comment on function ops_private.project_to_archive is 'The project that the caller may archive.';
revoke all on function ops_private.project_to_archive from public;
