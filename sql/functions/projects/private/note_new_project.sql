-- Puts a new project on its record: as what it was made, for whom, and by whom. Called by create_project. Locks nothing.
-- Raises PT403 for another's name and PT400 for one that is nobody's.
create or replace function ops_private.note_new_project(
    p_project ops.projects,
    p_owner uuid,
    p_created_by text
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.environment_events (project_id, environment, event, payload, source, recorded_by)
values (
    p_project.id, 'project', 'project_created',
    jsonb_build_object(
        'slug', p_project.slug, 'workspace_key', p_project.workspace_key, 'repo_url', p_project.repo_url,
        'odoo_version', p_project.odoo_version, 'owner', p_owner
    ),
    'ops', ops_private.acting_person(p_created_by)
)
$$;
comment on function ops_private.note_new_project is 'Puts a new project on its record.';
revoke all on function ops_private.note_new_project from public;
