-- Records the health of a release's deployment to a place, of several the one that was there at the event's time: the
-- event's status as the check `health`, and the checks it made. Locks the deployment and the gate. Raises PT400 for
-- another gate, PT409 if the release was not deployed there.
create or replace function ops_private.handle_health_check(
    p_release ops.releases,
    p_envelope jsonb,
    p_run_id uuid
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_place record;
    v_deployment_id uuid;
begin
    if p_envelope ->> 'gate_code' <> 'G4' then
        perform ops_private.refuse_field('gate_code', 'of a health check is G4');
    end if;
    select * into v_place from ops_private.promotion_target(p_release.project_id, p_envelope ->> 'environment');
    select d.id into v_deployment_id from ops.deployments as d
    where
        d.release_id = p_release.id and d.stage = v_place.stage and d.status <> 'failed'
        and d.environment_id is not distinct from v_place.environment_id
    -- of several deployments it is about the one that was there when it was made
    order by
        ops_private.deployment_began(d) <= (p_envelope ->> 'occurred_at')::timestamptz desc,
        abs(extract(epoch from (p_envelope ->> 'occurred_at')::timestamptz - ops_private.deployment_began(d))),
        d.created_at desc, d.id desc
    limit 1;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Release %s was not brought to %s', p_release.version, p_envelope ->> 'environment'),
            column = 'environment', hint = 'Tell of its deployment first: deployment_event.';
    end if;
    return jsonb_build_object('deployment_id', v_deployment_id)
        || ops_private.take_checks(p_release, 'G4', 'health', p_envelope, p_run_id, v_deployment_id);
end
$$;
comment on function ops_private.handle_health_check is 'Notes the health of a deployment.';
revoke all on function ops_private.handle_health_check from public;
