-- Opens an incident of a project, or of one of its deployments, and returns its id. Called by people on call and by
-- alerts. Locks no rows of others. Raises PT404, PT403 and PT400. A retry opens another.
-- Definer: nobody may write incidents directly; the caller's permission is checked.
create or replace function ops.open_incident(
    project_id uuid,
    title text,
    p_description text default '',
    p_severity ops.incident_severity default 'major',
    p_deployment_id uuid default null,
    p_opened_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_id uuid;
begin
    perform ops_private.require_permission(open_incident.project_id, 'record_incident');
    if p_deployment_id is not null and not exists (
        select from ops.deployments as d
        where d.id = p_deployment_id and d.project_id = open_incident.project_id
    ) then
        raise sqlstate 'PT404' using
            message = 'The project has no such deployment', hint = 'List them: select id from ops.deployments.';
    end if;
    insert into ops.incidents (project_id, deployment_id, severity, title, description, opened_by)
    values (
        open_incident.project_id, p_deployment_id, p_severity, open_incident.title, coalesce(p_description, ''),
        ops_private.acting_person(p_opened_by)
    )
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No incident may have these values', detail = sqlerrm, hint = 'An incident has a project and a title.';
end
$$;
comment on function ops.open_incident is 'Opens an incident.';
revoke all on function ops.open_incident from public;
grant execute on function ops.open_incident to service_role, ops_worker, ops_operator, sre;
