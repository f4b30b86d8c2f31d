-- Opens the incident of a break-glass exception, for any writer of the exception. Fired by exceptions. Locks and raises nothing.
-- Definer: a caller who breaks glass may not write incidents.
create or replace function ops_private.open_break_glass_incident()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.incidents (project_id, exception_id, severity, title, description, opened_by)
    select
        r.project_id, new.id, 'critical', format('Glass broken: %s of release %s', new.gate_code, r.version),
        new.reason, new.granted_by
    from ops.releases as r
    where r.id = new.release_id;
    return null;
end
$$;
comment on function ops_private.open_break_glass_incident is 'Opens the incident of a break-glass exception.';
revoke all on function ops_private.open_break_glass_incident from public;
