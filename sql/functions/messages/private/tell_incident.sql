-- Tells people of an incident or alarm, and of its end: those of backups as the event backup, those with a key as alarm,
-- those that people opened as incident. Called when one is opened or resolved. Raises nothing.
create or replace function ops_private.tell_incident()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_event text := case
        when new.key ~ '^(backup|drill)' then 'backup'
        when new.key is not null then 'alarm'
        else 'incident'
    end;
begin
    perform ops_private.tell_people(
        new.project_id, v_event,
        coalesce(
            (select d.stage from ops.deployments as d where d.id = new.deployment_id),
            case when v_event = 'backup' then 'production'::ops.environment_stage end
        ),
        null, coalesce('alarm:' || new.key, 'incident:' || new.id), new.status::text, new.id::text,
        jsonb_build_object(
            'title', case new.status when 'open' then new.title else 'Resolved: ' || new.title end,
            'text', case new.status when 'open' then new.description else new.resolution end,
            'severity', new.severity, 'incident_id', new.id,
            'act', case
                when new.status <> 'open' then null
                when new.key is null then format('%s, who opened it', new.opened_by)
                else 'who operates the platform'
            end
        ),
        p_is_end => new.status <> 'open'
    );
    return null;
end
$$;
comment on function ops_private.tell_incident is 'Tells people of an incident and its end.';
revoke all on function ops_private.tell_incident from public;
