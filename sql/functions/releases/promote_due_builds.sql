-- Promotes the newest build of each project whose policy promotion.release is on_push, unless it serves already, was
-- brought to production before, somebody rejected or withdrew a release of it, or another deployment is at work there;
-- returns the deployments. A project whose
-- promotion is refused is left for the next call: a freeze ends by itself.
-- Called by the platform's clock. Locks what promote_release locks, one project after the other. Raises nothing: PT400
-- and PT409 are such refusals. A retry finds nothing left to do.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.promote_due_builds()
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_due record;
begin
    if ops.is_unconfirmed() then
        return;
    end if;
    for v_due in
        select p.id as project_id, e.name as environment, b.run_id
        from ops.projects as p
        join ops.environments as e on e.project_id = p.id and e.branch = p.default_branch and e.stage = 'production'
        cross join lateral ops_private.newest_build(p.id) as b
        where
            p.status = 'active' and ops_private.is_hosted(e.id)
            and ops_private.rules_in_force(p.id, 'promotion') ->> 'release' = 'on_push'
            and (e.image_digest, e.deployed_sha) is distinct from (b.image_digest, b.git_sha)
            and not exists (
                select from ops.deployments as d
                join ops.releases as r on r.id = d.release_id
                where
                    d.environment_id = e.id and (
                        d.status in ('pending', 'running')
                        or r.image_digest = b.image_digest and ops_private.project_git_sha(r) = b.git_sha
                    )
            )
            and not exists (
                select from ops.releases as r
                where
                    r.project_id = p.id and r.image_digest = b.image_digest
                    and ops_private.project_git_sha(r) = b.git_sha and (r.status = 'withdrawn' or exists (
                        select from ops.approvals as a where a.release_id = r.id and a.decision = 'rejected'
                    ))
            )
        order by p.created_at
    loop
        begin
            return next ops.promote_release(
                ops.release_build(v_due.project_id, p_run_id => v_due.run_id), v_due.environment,
                p_reason => 'policy promotion.release is on_push'
            );
        exception when sqlstate 'PT409' or sqlstate 'PT400' then
            continue;
        end;
    end loop;
end
$$;
comment on function ops.promote_due_builds is 'Promotes the builds that policy promotes by themselves.';
revoke all on function ops.promote_due_builds from public;
grant execute on function ops.promote_due_builds to service_role, ops_worker;
