-- Creates a project with its first owner and returns it. A project without an admin is of no use, so whoever is not the
-- platform names the owner, or is one: the user of a token becomes the owner of what they make. The platform may leave
-- the owner out, since it sets members itself. p_created_by is in whose name the platform makes it.
-- Called by `ops project create`, /v1 and the console. Locks no rows of other projects. Raises PT403 for who may not;
-- PT400 for invalid values, for an address with a password in it, and, unless the platform names it, for one that is no
-- server's; PT409 where a project with other values or another owner has the slug, and, unless the platform asks, where
-- the repository is another project's, which its key would open. Each new project is an event on the record.
-- Repeating it with the same values returns the project, and makes nobody its owner.
-- Definer: callers may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.create_project(
    p_slug text,
    p_repo_url text,
    p_odoo_version text,
    p_workspace_key text default null,
    p_default_branch text default 'main',
    p_poll_enabled boolean default true,
    p_config jsonb default '{}',
    p_owner uuid default null,
    p_created_by text default null
)
returns setof ops.projects
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_workspace_key text := coalesce(p_workspace_key, p_slug);
    v_config jsonb := coalesce(p_config, '{}');
    v_owner uuid := coalesce(p_owner, ops_private.calling_user());
    v_project ops.projects;
begin
    perform ops_private.require_platform_permission('create_project', 'You may not create projects');
    perform ops_private.refuse_project(p_slug, p_repo_url, v_workspace_key, p_default_branch, v_owner);
    insert into ops.projects (slug, workspace_key, odoo_version, repo_url, default_branch, poll_enabled, config)
    values (p_slug, v_workspace_key, p_odoo_version, p_repo_url, p_default_branch, p_poll_enabled, v_config)
    on conflict do nothing
    returning * into v_project;
    if found then
        insert into ops.project_counters (project_id) values (v_project.id);
        insert into ops.project_memberships (project_id, user_id, role)
        select v_project.id, v_owner, 'owner' where v_owner is not null;
        perform ops_private.note_new_project(v_project, v_owner, p_created_by);
        return next v_project;
        return;
    end if;
    select p.* into v_project from ops.projects as p where p.slug = p_slug;
    if (v_project.workspace_key, v_project.odoo_version, v_project.repo_url, v_project.default_branch,
        v_project.poll_enabled, v_project.config)
        is distinct from (v_workspace_key, p_odoo_version, p_repo_url, p_default_branch, p_poll_enabled, v_config)
        or p_owner is not null and not exists (
            select from ops.project_memberships as m
            where m.project_id = v_project.id and m.user_id = p_owner and m.role = 'owner'
        ) then
        raise sqlstate 'PT409' using
            message = format('There is already a project %s', coalesce(v_project.slug, 'with workspace key '
                || v_workspace_key)),
            detail = 'It has other values.',
            hint = 'Choose another slug and workspace key. Members of a project are set by its owners.';
    end if;
    return next v_project;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No project may have these values',
        detail = sqlerrm,
        hint = 'A slug is lower-case letters, digits and dashes; a version is like 19.0; the repository needs an address.';
end
$$;
comment on function ops.create_project is 'Creates a project, or returns the one that is the same.';
revoke all on function ops.create_project from public;
grant execute on function ops.create_project to authenticated, service_role, ops_operator;
grant execute on function ops.create_project
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
