-- Decides that a deployment stays whose health is inconclusive: gate G4 passes by this person's word, and nothing goes
-- back by itself any more.
-- Called by release managers and site reliability engineers, and by the platform for one of them, whom it names. Locks
-- the project, then the deployment and its gate. Raises PT404, PT403, PT400 without a reason, and PT409 if nobody is
-- asked, or it goes back already. A retry by the same person is harmless.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.keep_deployment(
    deployment_id uuid,
    reason text,
    p_kept_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.require_deployment(keep_deployment.deployment_id, 'read');
    v_person text := ops_private.acting_person(p_kept_by);
begin
    if not ops.has_permission(v_deployment.project_id, 'promote') then
        perform ops_private.require_permission(v_deployment.project_id, 'deploy');
    end if;
    if btrim(coalesce(keep_deployment.reason, '')) = '' then
        raise sqlstate 'PT400' using message = 'What is kept is kept for a reason', hint = 'Say what you saw.';
    end if;
    perform from ops.projects as p where p.id = v_deployment.project_id for no key update;
    select d.* into v_deployment from ops.deployments as d where d.id = v_deployment.id for no key update;
    if v_deployment.kept_by = v_person then
        return;
    elsif v_deployment.decision_due_at is null or v_deployment.kept_at is not null or exists (
        select from ops.deployments as k where k.rollback_of = v_deployment.id and k.status <> 'failed'
    ) then
        raise sqlstate 'PT409' using
            message = 'Nobody is asked whether this deployment stays',
            detail = 'It proved its health, was kept or rolled back, or another one followed.',
            hint = 'Look at it: ops release show.';
    end if;
    update ops.deployments as d
    set kept_by = v_person, kept_at = clock_timestamp(), kept_reason = keep_deployment.reason
    where d.id = v_deployment.id;
end
$$;
comment on function ops.keep_deployment is 'Decides that a deployment stays whose health is inconclusive.';
revoke all on function ops.keep_deployment from public;
grant execute on function ops.keep_deployment to service_role, sre, release_manager;
