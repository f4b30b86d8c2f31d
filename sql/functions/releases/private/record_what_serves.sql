-- Records what a hosted environment serves as a release that was deployed there, unless the newest deployment says so
-- already: the first promotion then has something to return to. Its gates were not asked for, and it changes nothing
-- there. Called by promote_release, which locks the project. Does nothing for a build without a digest.
create or replace function ops_private.record_what_serves(
    p_environment_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_release ops.releases;
    v_deployment ops.deployments;
begin
    select e.* into v_environment from ops.environments as e where e.id = p_environment_id;
    if v_environment.deployed_run_id is null or v_environment.image_digest !~ '^sha256:[0-9a-f]{64}$'
        or v_environment.deployed_sha !~ '^[0-9a-f]{40}([0-9a-f]{24})?$' or exists (
        select from ops.deployments as d
        join ops.releases as r on r.id = d.release_id
        where
            d.environment_id = p_environment_id and d.status = 'succeeded'
            and ops_private.serves_release(p_environment_id, r)
            and not exists (
                select from ops.deployments as n
                where
                    n.environment_id = d.environment_id and n.status = 'succeeded' and n.created_at > d.created_at
            )
    ) then
        return;
    end if;
    select r.* into v_release from ops.releases as r
    where
        r.project_id = v_environment.project_id and r.status not in ('withdrawn', 'rolled_back')
        and ops_private.serves_release(p_environment_id, r)
    order by r.created_at desc
    limit 1;
    if not found then
        insert into ops.releases as r (project_id, version, git_shas, image_digest, created_by, run_id, notes)
        select
            v_environment.project_id, 'served-' || q.run_number,
            ops_private.git_shas_of(v_environment.project_id, v_environment.deployed_sha), v_environment.image_digest,
            coalesce(q.requested_by, ops.caller_id(), ops.caller_role()), q.run_id,
            format('What %s served before its first promotion.', v_environment.partition_key)
        from ops.run_requests as q
        where q.run_id = v_environment.deployed_run_id
        on conflict (project_id, version) do nothing
        returning r.* into v_release;
        if not found then
            return;
        end if;
        perform ops_private.make_gates(v_release);
        update ops.release_gates as g set is_required = false where g.release_id = v_release.id;
    end if;
    insert into ops.deployments (
        project_id, release_id, environment_id, stage, image_digest, git_shas, no_backup_reason, reason, run_id,
        requested_by
    )
    values (
        v_release.project_id, v_release.id, p_environment_id, v_environment.stage, v_release.image_digest,
        v_release.git_shas, 'it served already', 'it served before the first promotion', v_environment.deployed_run_id,
        v_release.created_by
    )
    returning * into v_deployment;
    perform ops_private.move_deployment_to(v_deployment, 'succeeded');
end
$$;
comment on function ops_private.record_what_serves is 'Records what an environment serves as its first release.';
revoke all on function ops_private.record_what_serves from public;
