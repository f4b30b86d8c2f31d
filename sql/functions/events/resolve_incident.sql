-- Resolves an incident with its resolution. Called by people on call. Locks the incident. Raises PT404, PT403, PT400
-- without a resolution, and PT409 if another resolution is recorded. Repeating it is harmless.
-- Definer: nobody may write incidents directly; the caller's permission is checked.
create or replace function ops.resolve_incident(
    incident_id uuid,
    resolution text,
    p_resolved_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_incident ops.incidents;
begin
    select i.* into v_incident from ops.incidents as i where i.id = resolve_incident.incident_id for no key update;
    if not found or not ops.has_permission(v_incident.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such incident', hint = 'List them: select id, title from ops.incidents.';
    end if;
    perform ops_private.require_permission(v_incident.project_id, 'record_incident');
    if btrim(coalesce(resolve_incident.resolution, '')) = '' then
        raise sqlstate 'PT400' using
            message = 'A resolution says what came of the incident', hint = 'Write one sentence.';
    elsif v_incident.resolution <> resolve_incident.resolution then
        raise sqlstate 'PT409' using
            message = format('%s resolved this incident already', v_incident.resolved_by),
            detail = v_incident.resolution,
            hint = 'Open another incident for what is new.';
    end if;
    perform ops_private.resolve_open_incident(
        ops_private.acting_person(p_resolved_by), resolve_incident.resolution, v_incident.id
    );
end
$$;
comment on function ops.resolve_incident is 'Ends an incident with what came of it.';
revoke all on function ops.resolve_incident from public;
grant execute on function ops.resolve_incident to service_role, ops_worker, ops_operator, sre;
