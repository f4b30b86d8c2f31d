-- Records the progress of a deployment: changes the state of the one at work there, or inserts one that was
-- started elsewhere, which the gates must allow like any other. An event that is older than what is known changes
-- nothing: a late `running` opens no second deployment. Locks the project and what a deployment locks.
-- Raises PT400 and PT409.
create or replace function ops_private.handle_deployment_event(
    p_release ops.releases,
    p_envelope jsonb,
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
    v_status ops.deployment_status := (p_envelope ->> 'status')::ops.deployment_status;
    v_at timestamptz := least((p_envelope ->> 'occurred_at')::timestamptz, clock_timestamp());
    v_place record;
    v_told record;
    v_deployment ops.deployments;
    v_id uuid;
begin
    perform from ops.projects as p where p.id = p_release.project_id for no key update;
    select * into v_place from ops_private.promotion_target(p_release.project_id, p_envelope ->> 'environment');
    select t.deployment, t.is_late into v_told
    from ops_private.deployment_told_of(p_release, v_place.environment_id, v_place.stage, v_status, v_at) as t;
    v_deployment := v_told.deployment;
    if v_deployment.id is null then
        perform ops_private.deployment_at_work(p_release, v_place.environment_id, v_place.stage);
        v_id := ops_private.adopt_deployment(
            p_release, v_place.environment_id, v_place.stage, p_envelope, p_key, p_run_id
        );
        select d.* into v_deployment from ops.deployments as d where d.id = v_id;
    end if;
    if v_told.is_late then
        update ops.deployments as d set started_at = least(d.started_at, v_at)
        where d.id = v_deployment.id and d.run_id is null and v_status = 'running';
    else
        perform ops_private.move_deployment_to(v_deployment, v_status);
        update ops.deployments as d set told_at = v_at where d.id = v_deployment.id;
    end if;
    return jsonb_build_object('deployment_id', v_deployment.id, 'is_overruled', coalesce(v_told.is_late, false))
        || ops_private.take_evidence(ops_private.gate_of_release(p_release.id, 'G4'), p_envelope);
end
$$;
comment on function ops_private.handle_deployment_event is 'Notes how a deployment goes.';
revoke all on function ops_private.handle_deployment_event from public;
