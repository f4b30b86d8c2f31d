-- Refuses a run of a kind for which this version has no job: it would wait for ever; a promotion for which no
-- deployment waits, and a rehearsal of no release. It also refuses to bind a run to an environment whose kind works
-- on none: the run would block the environment's other work. Called by queue_run and enroll_run. Locks nothing. Raises
-- PT409.
create or replace function ops_private.require_carried_out(
    p_kind ops.run_kind,
    p_config jsonb,
    p_is_bound boolean
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kind record;
begin
    select k.is_carried_out, k.stages = '{}' as is_of_no_environment into v_kind
    from ops.run_kinds() as k
    where k.kind = p_kind;
    if p_is_bound and v_kind.is_of_no_environment then
        raise sqlstate 'PT409' using
            message = format('A %s run works on no environment', p_kind),
            hint = 'Use its command: ops backup verify, ops backup retention or ops backup records diff.';
    elsif p_kind = 'promote' and not exists (
        select from ops.deployments as d
        where d.id::text = p_config ->> 'deployment_id' and d.status = 'pending' and d.run_id is null
    ) then
        raise sqlstate 'PT409' using
            message = 'A promote run carries out one deployment of a release, and none waits for this one',
            hint = 'Promote a release: ops promote; or take the newest one back: ops rollback.';
    elsif p_kind = 'rehearse' and not exists (
        select from ops.releases as r where r.id::text = p_config ->> 'release_id'
    ) then
        raise sqlstate 'PT409' using
            message = 'A rehearse run tries the promotion of one release, and this one names none',
            hint = 'Name it: ops promote --rehearse.';
    elsif v_kind.is_carried_out then
        return;
    end if;
    raise sqlstate 'PT409' using
        message = format('This version carries out no %s run', p_kind),
        hint = 'Queue one that it does: build, test, deploy, backup, restore, clone, drill, destroy, stop, start, verify, retention or compare.';
end
$$;
comment on function ops_private.require_carried_out is 'Refuses a run of a kind that no job carries out.';
revoke all on function ops_private.require_carried_out from public;
