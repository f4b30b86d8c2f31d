-- Carries out a well-formed event once and returns the answer. Called by answer_event, which undoes everything if it
-- raises. Locks the log's row of its key, and what the handler locks.
-- A fact that is older than what is known is recorded and changes nothing, and the answer says so. Raises PT403, PT409 for
-- a project, a release or a key that does not match, and what the handler raises.
create or replace function ops_private.accept_event(
    p_envelope jsonb,
    p_text text,
    p_key ops.event_keys,
    p_run_id uuid
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid := ops_private.named_project(p_envelope ->> 'project');
    v_release ops.releases;
    v_log_id bigint;
    v_answer jsonb := '{"http_status": 200, "status": "accepted", "message": "accepted"}';
    v_ids jsonb;
begin
    if p_run_id is null then -- else the platform speaks, whoever ended its run
        perform ops_private.require_event_permission(v_project_id, p_envelope, p_key);
    end if;
    select r.* into v_release from ops.releases as r
    where r.id = ops_private.named_release(v_project_id, p_envelope ->> 'release');
    perform ops_private.check_event_target(v_project_id, v_release, p_envelope);
    v_log_id := ops_private.log_delivery(p_envelope, p_text, v_answer, p_key, v_project_id, v_release.id);
    if v_log_id is null then
        return ops_private.duplicate_of_event(v_project_id, p_envelope, p_text);
    end if;
    perform ops_private.refuse_replay(v_project_id, (p_envelope ->> 'occurred_at')::timestamptz);
    v_ids := case p_envelope ->> 'event_type'
        when 'build_complete' then ops_private.handle_build_complete(v_release, p_envelope, p_run_id)
        when 'gate_signoff' then ops_private.handle_gate_signoff(v_release, p_envelope, p_key)
        when 'deployment_event' then ops_private.handle_deployment_event(v_release, p_envelope, p_key, p_run_id)
        when 'health_check' then ops_private.handle_health_check(v_release, p_envelope, p_run_id)
        when 'environment_event' then ops_private.handle_environment_event(v_project_id, v_release, p_envelope, p_key)
    end;
    if (v_ids ->> 'is_overruled')::boolean then
        v_answer := v_answer || '{"message": "accepted, and overruled by a newer fact"}';
    end if;
    return v_answer || jsonb_build_object('ids', jsonb_strip_nulls(jsonb_build_object(
        'log_id', v_log_id, 'project_id', v_project_id, 'release_id', v_release.id
    ) || (v_ids - 'is_overruled')));
end
$$;
comment on function ops_private.accept_event is 'Carries a well-formed event out, once.';
revoke all on function ops_private.accept_event from public;
