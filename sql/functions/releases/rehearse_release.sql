-- Queues the rehearsal of a release's promotion to production, and returns its run; while one is unfinished, that one.
-- Nothing in production changes. Called by who may promote. Locks the project, so that two requests queue one run.
-- Raises PT404, PT403, and PT409 where production is not hosted here, for a release that goes nowhere any more or whose
-- build did not pass G1, and what queue_run raises. A retry is harmless.
-- Definer: people may not write tables themselves; the caller's permission is checked.
create or replace function ops.rehearse_release(
    release_id uuid,
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
    v_release ops.releases := ops_private.require_release(rehearse_release.release_id);
    v_environment ops.environments;
    v_run_id uuid;
begin
    perform ops_private.require_run(v_release.project_id, 'rehearse');
    perform from ops.projects as p where p.id = v_release.project_id for no key update;
    select e.* into v_environment
    from ops_private.promotion_target(v_release.project_id, 'production') as t
    join ops.environments as e on e.id = t.environment_id;
    perform ops_private.refuse_rehearsal(v_release, v_environment.id);
    select r.id into v_run_id
    from ops.run_requests as q
    join ops.runs as r on r.id = q.run_id
    where
        q.project_id = v_release.project_id and r.kind = 'rehearse' and q.config ->> 'release_id' = v_release.id::text
        and r.status in ('queued', 'claimed', 'running')
    limit 1;
    return coalesce(v_run_id, ops.queue_run(
        v_release.project_id, v_environment.name, ops_private.project_git_sha(v_release), v_release.version, 'rehearse',
        p_requested_by => coalesce(p_requested_by, ops.caller_name()),
        p_config => jsonb_build_object('release_id', v_release.id, 'version', v_release.version)
    ));
end
$$;
comment on function ops.rehearse_release is 'Asks for a rehearsal of a release''s promotion to production.';
revoke all on function ops.rehearse_release from public;
grant execute on function ops.rehearse_release to service_role, ops_operator, release_manager, sre;
