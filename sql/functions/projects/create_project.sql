-- Creates a project and returns it. Called by `ops project create`. Locks no rows of other projects.
-- Raises PT400 for invalid values and for an address with a name or a password in it, PT409 if a project with other values has the slug.
-- Repeating it with the same values returns the project.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.create_project(
    p_slug text,
    p_repo_url text,
    p_odoo_version text,
    p_workspace_key text default null,
    p_default_branch text default 'main',
    p_poll_enabled boolean default true,
    p_config jsonb default '{}'
)
returns setof ops.projects
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
begin
    if p_repo_url ~* '^https?://[^/]*@' then -- forges show addresses with a token in the place of the name
        raise sqlstate 'PT400' using
            message = 'The repository''s address holds a name or a password, which every member would see',
            hint = 'Leave it out: use an ssh key (ops project deploy-key) or a git credential of the platform''s user.';
    end if;
    insert into ops.projects (slug, workspace_key, odoo_version, repo_url, default_branch, poll_enabled, config)
    values (
        p_slug, coalesce(p_workspace_key, p_slug), p_odoo_version, p_repo_url, p_default_branch, p_poll_enabled,
        coalesce(p_config, '{}')
    )
    on conflict do nothing
    returning * into v_project;
    if found then
        insert into ops.project_counters (project_id) values (v_project.id);
        return next v_project;
        return;
    end if;
    select p.* into v_project from ops.projects as p where p.slug = p_slug;
    if (v_project.workspace_key, v_project.odoo_version, v_project.repo_url, v_project.default_branch,
        v_project.poll_enabled, v_project.config)
        is distinct from (coalesce(p_workspace_key, p_slug), p_odoo_version, p_repo_url, p_default_branch,
        p_poll_enabled, coalesce(p_config, '{}')) then
        raise sqlstate 'PT409' using
            message = format('There is already a project %s', coalesce(v_project.slug, 'with workspace key '
                || coalesce(p_workspace_key, p_slug))),
            detail = 'It has other values.',
            hint = 'Choose another slug and workspace key.';
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
grant execute on function ops.create_project to service_role, ops_operator;
