-- Refuses to let a promote run deploy anything but what its deployment was released as: the image and the commit.
-- Called by record_deployment; require_deployable, before the work, knows no build yet. Locks nothing. Raises PT409.
create or replace function ops_private.refuse_unreleased(
    p_run_id uuid,
    p_image_digest text default null,
    p_git_sha text default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases;
begin
    select r.* into v_release from ops.deployments as d
    join ops.releases as r on r.id = d.release_id
    where d.run_id = p_run_id and d.status in ('pending', 'running');
    if not found then
        raise sqlstate 'PT409' using
            message = 'A promote run deploys a release, and no deployment waits for this one',
            hint = 'Promote a release: ops promote.';
    elsif (v_release.image_digest, ops_private.project_git_sha(v_release)) is distinct from (
        coalesce(p_image_digest, v_release.image_digest), coalesce(p_git_sha, ops_private.project_git_sha(v_release))
    ) then
        raise sqlstate 'PT409' using
            message = format('Release %s is another build', v_release.version),
            detail = format('It is %s of commit %s, and not %s of commit %s.', v_release.image_digest,
                ops_private.project_git_sha(v_release), p_image_digest, p_git_sha),
            hint = 'Deploy exactly what was released, or make a release of the other build.';
    end if;
end
$$;
comment on function ops_private.refuse_unreleased is 'Refuses a promotion of anything but the released build.';
revoke all on function ops_private.refuse_unreleased from public;
