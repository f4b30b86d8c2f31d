-- Records an event of an environment with the event's facts. Locks nothing. Raises PT400 for
-- evidence without a release.
create or replace function ops_private.handle_environment_event(
    p_project_id uuid,
    p_release ops.releases,
    p_envelope jsonb,
    p_key ops.event_keys
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id bigint;
begin
    if jsonb_array_length(nullif(p_envelope -> 'evidence', 'null')) > 0 then
        perform ops_private.refuse_field('evidence', 'is of a release; an environment has none');
    end if;
    insert into ops.environment_events (
        project_id, environment_id, environment, event, payload, source, recorded_by, occurred_at
    )
    values (
        p_project_id,
        (
            select e.id from ops.environments as e
            where
                e.project_id = p_project_id and e.destroyed_at is null
                and p_envelope ->> 'environment' in (e.name, e.partition_key)
            limit 1
        ),
        p_envelope ->> 'environment', p_envelope ->> 'status',
        jsonb_strip_nulls(p_envelope - '{schema_version,event_type,idempotency_key,source,occurred_at,project,environment,status}'::text[]),
        p_envelope ->> 'source', ops_private.sender_id(p_key), (p_envelope ->> 'occurred_at')::timestamptz
    )
    returning id into v_id;
    return jsonb_build_object('environment_event_id', v_id);
end
$$;
comment on function ops_private.handle_environment_event is 'Notes what happened to an environment.';
revoke all on function ops_private.handle_environment_event from public;
