-- Refuses to back up an environment's data for a run that does not clone them: a run of another branch may, if the
-- environment is its project's living production. Locks nothing. Raises PT409.
create or replace function ops_private.require_clone_of(
    p_run ops.runs,
    p_environment_id uuid
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_run.kind not in ('deploy', 'test', 'clone', 'upgrade') or not exists (
        select from ops.environments as e
        join ops.environments as w on w.id = p_run.environment_id
        where
            e.id = p_environment_id and e.project_id = p_run.project_id
            and e.stage = 'production' and e.status <> 'destroyed' and w.stage <> 'production'
    ) then
        raise sqlstate 'PT409' using
            message = format('Run #%s backs up no data of environment %s', p_run.run_number, p_environment_id),
            hint = 'A run backs up its own environment; one that clones production may back up production.';
    end if;
end
$$;
comment on function ops_private.require_clone_of is 'Refuses to back up data that a run does not clone.';
revoke all on function ops_private.require_clone_of from public;
