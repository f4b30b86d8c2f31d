-- Makes a workflow of a project or changes it, and returns it; what is null stays as it is. A workflow whose name is a
-- type needs no type. A config replaces the one before.
-- Called by `ops workflow set`, `ops workflow enable`, `ops workflow disable` and admins. Locks the workflow's row. Raises
-- PT404, PT403, and PT400 for a name without a type, another type than before, and a config that the type does not take.
-- A retry changes and records nothing.
-- Definer: the platform's login executes this but may not write tables itself; the function checks the permission.
create or replace function ops.set_workflow(
    p_slug text,
    p_name text,
    p_workflow_type ops.workflow_type default null,
    p_config jsonb default null,
    p_is_enabled boolean default null,
    p_set_by text default null
)
returns setof ops.workflows
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid := ops_private.named_project(p_slug);
    v_type ops.workflow_type;
    v_by text := coalesce(case when ops.is_platform() then p_set_by end, ops.caller_id(), ops.caller_role());
begin
    perform ops_private.require_permission(v_project_id, 'manage');
    if v_project_id is null then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    select w.workflow_type into v_type from ops.workflows as w where w.project_id = v_project_id and w.name = p_name;
    if v_type <> p_workflow_type then
        raise sqlstate 'PT400' using
            message = format('Workflow %s is of type %s', p_name, v_type), hint = 'Make another one with another name.';
    end if;
    v_type := coalesce(v_type, p_workflow_type, (
        select t.type from unnest(enum_range(null::ops.workflow_type)) as t (type) where t.type::text = p_name
    ));
    if v_type is null then
        raise sqlstate 'PT400' using
            message = format('Workflow %s has no type', p_name), hint = 'Give it one: build, test, deploy, backup or upgrade.';
    end if;
    insert into ops.workflows as w (project_id, name, workflow_type, config, is_enabled, set_by)
    values (v_project_id, p_name, v_type, coalesce(p_config, '{}'), coalesce(p_is_enabled, true), v_by)
    on conflict (project_id, name) do update
    set config = coalesce(p_config, w.config), is_enabled = coalesce(p_is_enabled, w.is_enabled), set_by = v_by
    where (w.config, w.is_enabled) is distinct from (coalesce(p_config, w.config), coalesce(p_is_enabled, w.is_enabled));
    return query select w.* from ops.workflows as w where w.project_id = v_project_id and w.name = p_name;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No workflow may have these values', detail = sqlerrm, hint = 'A workflow has a name and a JSON object.';
end
$$;
comment on function ops.set_workflow is 'Makes or changes a workflow.';
revoke all on function ops.set_workflow from public;
grant execute on function ops.set_workflow to authenticated, service_role, ops_operator;
