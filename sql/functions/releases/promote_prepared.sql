-- Promotes a release to production whose promotion was prepared: a person says go. Returns the deployment. It is refused if
-- the release is not what was prepared any more, and asks everything that promote_release asks.
-- Called by who may promote. Locks the project. Raises PT404, PT403, and PT409 for a release that was not prepared since
-- its last promotion, or that changed since, and what promote_release raises. A retry returns the same deployment.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.promote_prepared(
    release_id uuid,
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
    v_release ops.releases := ops_private.require_release(promote_prepared.release_id);
begin
    perform ops_private.require_promoter(v_release.project_id);
    perform from ops.projects as p where p.id = v_release.project_id for no key update;
    if v_release.prepared_digest is null or exists (
        select from ops.deployments as d
        where
            d.release_id = v_release.id and d.stage = 'production' and d.created_at > v_release.prepared_at
            and d.status not in ('pending', 'running')
    ) then
        raise sqlstate 'PT409' using
            message = format('The promotion of release %s is not prepared', v_release.version),
            hint = 'Prepare it: ops promote --prepare.';
    elsif v_release.prepared_digest <> ops_private.digest_of_shown(v_release.id) then
        raise sqlstate 'PT409' using
            message = format('Release %s is not what was prepared any more', v_release.version),
            hint = 'Look at it: ops release show; then prepare it again: ops promote --prepare.';
    end if;
    return ops.promote_release(
        v_release.id, 'production', p_reason => p_reason, p_requested_by => p_requested_by
    );
end
$$;
comment on function ops.promote_prepared is 'Says go to a prepared promotion.';
revoke all on function ops.promote_prepared from public;
grant execute on function ops.promote_prepared to service_role, ops_operator, release_manager;
