-- Opens the incident of a run that was given up because it could not be started; a project has at most one open. Waits
-- for a concurrent call for the same project. Raises nothing.
create or replace function ops_private.open_incident_of_launches(
    p_run_id uuid
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.incidents (project_id, key, severity, title, description, opened_by)
select
    r.project_id, 'launches:' || r.project_id, 'major', 'Runs cannot be started',
    format('Run #%s: %s. Next: ops doctor, then ops run retry.', r.run_number, r.error_message),
    coalesce(ops.caller_id(), ops.caller_role())
from ops.runs as r
where r.id = p_run_id
on conflict (key) where status = 'open' and key is not null do nothing
$$;
comment on function ops_private.open_incident_of_launches is 'Opens the incident of a run that could not be started.';
revoke all on function ops_private.open_incident_of_launches from public;
