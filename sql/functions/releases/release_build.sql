-- Makes a release of the newest successful build of the project's default branch, or of the given run, and returns it:
-- its commit, its image, and gate G1 by the checks of the runs that made and tested this image. Without a version it is
-- called build-<number of the run>. A release of the same build to which the same gates apply is returned instead,
-- unless it was withdrawn, rolled back or rejected: the same build is then another release, which begins anew.
-- Called by `ops promote`, and by promote_due_builds. Locks the gates of the release. Raises PT404, PT403, and PT409 if
-- there is no such build. A retry returns the same release.
-- Definer: nobody may write releases directly; the caller's permission is checked.
create or replace function ops.release_build(
    project_id uuid,
    p_version text default null,
    p_run_id uuid default null,
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
    v_build record;
    v_id uuid;
begin
    perform ops_private.require_promoter(release_build.project_id);
    perform from ops.projects as p where p.id = release_build.project_id for no key update;
    select b.* into v_build from ops_private.newest_build(release_build.project_id, p_run_id) as b;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The default branch has no build that succeeded',
            hint = 'Push to it, or queue its newest commit: ops run create.';
    end if;
    select r.id into v_id from ops.releases as r
    where
        r.project_id = release_build.project_id and r.status not in ('withdrawn', 'rolled_back')
        and r.version = coalesce(p_version, r.version) and r.image_digest = v_build.image_digest
        and ops_private.project_git_sha(r) = v_build.git_sha
        and not exists ( -- the rules are those of the day on which it was made
            select from ops.release_gates as g
            where
                g.release_id = r.id and g.gate_code = 'G3'
                and g.is_required <> (
                    ops_private.rules_in_force(r.project_id, 'promotion') ->> 'release' = 'gated'
                )
        )
        and not exists (select from ops.approvals as a where a.release_id = r.id and a.decision = 'rejected')
    order by r.created_at desc
    limit 1;
    if not found then
        v_id := ops.create_release(
            release_build.project_id, coalesce(p_version, ops_private.free_version(release_build.project_id, v_build.run_number)),
            ops_private.git_shas_of(release_build.project_id, v_build.git_sha), v_build.image_digest,
            coalesce(v_build.requested_by, p_requested_by), v_build.run_id
        );
    end if;
    perform ops_private.take_build(v_id, v_build.image_digest);
    return v_id;
end
$$;
comment on function ops.release_build is 'Makes a release of the newest build of the default branch.';
revoke all on function ops.release_build from public;
grant execute on function ops.release_build to service_role, ops_operator, release_manager;
