-- Promotes a release to a place: queues the run that deploys it and returns the deployment, with the release's image
-- and commits. While the release is being deployed there, it returns the same deployment. Called by release managers,
-- by operators for people, and by promote_due_builds. Locks the project, the release and its gates, so that of two
-- concurrent promotions one finds the other. Raises PT404, PT403, PT400, and PT409 with what is missing: gates, a
-- freeze, a fresh backup of a production that runs elsewhere, or another deployment at work there; and if the release
-- serves there already. A retry is harmless.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.promote_release(
    release_id uuid,
    target_env text,
    p_no_backup_reason text default null,
    p_reason text default null,
    p_requested_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(promote_release.release_id);
    v_place record;
    v_id uuid;
begin
    perform ops_private.require_promoter(v_release.project_id);
    perform from ops.projects as p where p.id = v_release.project_id for no key update;
    perform ops.close_deployments(v_release.project_id);
    select * into v_place from ops_private.promotion_target(v_release.project_id, promote_release.target_env);
    v_id := ops_private.deployment_at_work(v_release, v_place.environment_id, v_place.stage);
    if v_id is null then
        if ops_private.is_hosted(v_place.environment_id) then
            perform ops_private.record_what_serves(v_place.environment_id);
            if ops_private.serves_release(v_place.environment_id, v_release) then
                raise sqlstate 'PT409' using
                    message = format('Release %s serves there already', v_release.version),
                    hint = 'Push a change and promote its build.';
            end if;
        end if;
        perform ops_private.refuse_ineligible(v_release.id, v_place.stage);
        v_id := ops_private.start_deployment(
            v_release, v_place.environment_id, v_place.stage, p_no_backup_reason, null::uuid, p_reason,
            p_requested_by
        );
    end if;
    return v_id;
end
$$;
comment on function ops.promote_release is 'Brings a release to a place.';
revoke all on function ops.promote_release from public;
grant execute on function ops.promote_release to service_role, ops_operator, release_manager;
