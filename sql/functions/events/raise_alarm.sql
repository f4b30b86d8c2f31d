-- Opens the incident of the key, or updates the open one, and returns its id; without a project it belongs to the
-- platform. Called by the platform's watches in each round.
-- Two concurrent callers open one. Raises PT400 without a key or a title. A retry changes nothing.
-- Definer: nobody may write incidents directly; only the platform may execute this.
create or replace function ops.raise_alarm(
    p_key text,
    p_title text,
    p_description text default '',
    p_severity ops.incident_severity default 'major',
    p_project_id uuid default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    insert into ops.incidents as i (project_id, key, severity, title, description, opened_by)
    values (p_project_id, p_key, p_severity, p_title, coalesce(p_description, ''), 'odooops')
    on conflict (key) where status = 'open' and key is not null do update
    set severity = excluded.severity, title = excluded.title, description = excluded.description
    where (i.severity, i.title, i.description) is distinct from
        (excluded.severity, excluded.title, excluded.description);
    select i.id into v_id from ops.incidents as i where i.key = p_key and i.status = 'open';
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No alarm may have these values', detail = sqlerrm, hint = 'An alarm has a key and a title.';
end
$$;
comment on function ops.raise_alarm is 'Opens the incident of a key, once while it is open.';
revoke all on function ops.raise_alarm from public;
grant execute on function ops.raise_alarm to service_role, ops_worker;
