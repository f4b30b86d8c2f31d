-- Inserts a deployment that was started elsewhere, or by a run of the platform that a push queued. Called by
-- handle_deployment_event, which locks the project. Raises PT409 if the gates do not allow it, and for production
-- without a fresh backup or a reason for its absence, which the event gives as rationale_structured.no_backup_reason.
create or replace function ops_private.adopt_deployment(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage,
    p_envelope jsonb,
    p_key ops.event_keys,
    p_run_id uuid
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup_id uuid := ops_private.backup_to_return_to(p_release.project_id, p_environment_id);
    v_excuse text := nullif(p_envelope #>> '{rationale_structured,no_backup_reason}', '');
    v_id uuid;
begin
    if p_stage = 'production' and v_backup_id is null and v_excuse is null then
        raise sqlstate 'PT409' using
            message = 'Production has no verified backup that is fresh enough', column = 'environment',
            hint = 'Take one first, or say why there is none: rationale_structured.no_backup_reason.';
    end if;
    insert into ops.deployments (
        project_id, release_id, environment_id, stage, image_digest, git_shas, backup_id, no_backup_reason, run_id,
        requested_by, started_at
    )
    values (
        p_release.project_id, p_release.id, p_environment_id, p_stage, p_release.image_digest, p_release.git_shas,
        v_backup_id, case when v_backup_id is null then v_excuse end, p_run_id,
        coalesce(
            (select nullif(q.requested_by, '') from ops.run_requests as q where q.run_id = p_run_id),
            ops_private.sender_id(p_key)
        ),
        least((p_envelope ->> 'occurred_at')::timestamptz, clock_timestamp())
    )
    returning id into v_id;
    return v_id;
end
$$;
comment on function ops_private.adopt_deployment is 'Writes down a deployment that was started elsewhere.';
revoke all on function ops_private.adopt_deployment from public;
