-- Prepares a release's promotion to production: all that it needs is there, a rehearsal that stands included, and it waits
-- for a person to say go. Returns the release. Called by who may promote. Locks the project. Raises PT404, PT403, and
-- PT409 with what is missing. A retry prepares it again, with the digest of now.
-- Definer: nobody may write releases directly; the caller's permission is checked.
create or replace function ops.prepare_promotion(
    release_id uuid,
    p_requested_by text default null
)
returns ops.releases
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(prepare_promotion.release_id);
    v_status text;
begin
    perform ops_private.require_promoter(v_release.project_id);
    perform from ops.projects as p where p.id = v_release.project_id for no key update;
    perform ops_private.refuse_ineligible(v_release.id, 'production');
    v_status := (select h.status from ops_private.rehearsal_of(
        v_release.id, 'infinity', ops_private.digest_of_shown(v_release.id, p_with_rehearsal => false)
    ) as h);
    if v_status <> 'passed' then
        raise sqlstate 'PT409' using
            message = format('The rehearsal of release %s is %s', v_release.version, v_status),
            hint = 'Rehearse it: ops promote --rehearse.';
    end if;
    update ops.releases as r
    set prepared_at = clock_timestamp(), prepared_digest = ops_private.digest_of_shown(r.id),
        prepared_by = coalesce(
            case when ops.is_platform() then p_requested_by end, ops.caller_id(), ops.caller_role()
        )
    where r.id = v_release.id
    returning r.* into v_release;
    return v_release;
end
$$;
comment on function ops.prepare_promotion is 'Prepares a promotion, which then waits for a person to say go.';
revoke all on function ops.prepare_promotion from public;
grant execute on function ops.prepare_promotion to service_role, ops_operator, release_manager;
