-- Resolves the open incident of an id or a key and returns whether there was one: the only writer of an incident's state.
-- Locks the incident. A retry changes nothing.
create or replace function ops_private.resolve_open_incident(
    p_resolved_by text,
    p_resolution text,
    p_incident_id uuid default null,
    p_key text default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.incidents as i
    set status = 'resolved', resolved_by = p_resolved_by, resolved_at = clock_timestamp(), resolution = p_resolution
    where (i.id = p_incident_id or i.key = p_key) and i.status = 'open';
    return found;
end
$$;
comment on function ops_private.resolve_open_incident is 'Resolves an open incident.';
revoke all on function ops_private.resolve_open_incident from public;
