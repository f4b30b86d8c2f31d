-- Records that the branch's production runs elsewhere, and returns its environment: it can be backed up and cloned, and
-- nothing here writes to it. Its location is stored outside the database.
-- Called by `ops env adopt` and people. Locks the environment's row. Raises what ensure_environment does, and PT409 if
-- production is hosted here or is about to be. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.adopt_environment(
    p_project_id uuid,
    p_branch text
)
returns setof ops.environments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_run bigint;
begin
    select e.* into v_environment from ops.ensure_environment(p_project_id, p_branch, 'production') as e;
    select e.* into v_environment from ops.environments as e where e.id = v_environment.id for update;
    select min(r.run_number) into v_run from ops.runs as r
    where
        r.environment_id = v_environment.id and r.status in ('queued', 'claimed', 'running')
        and r.kind not in ('build', 'test');
    if v_environment.is_adopted then
        return next v_environment;
        return;
    elsif v_environment.database_name is not null then
        raise sqlstate 'PT409' using
            message = format('%s is hosted here', v_environment.partition_key),
            hint = 'Destroy it first, if nobody needs it: ops env destroy.';
    elsif v_run is not null then
        raise sqlstate 'PT409' using
            message = format('Run #%s is about to change %s', v_run, v_environment.partition_key),
            hint = 'Wait for its end, or cancel it: ops run cancel.';
    end if;
    v_environment := ops_private.move_environment(v_environment, 'adopted');
    insert into ops.environment_events (project_id, environment_id, environment, event, source, recorded_by)
    values (
        v_environment.project_id, v_environment.id, v_environment.name, 'adopted', 'ops',
        coalesce(ops.caller_name(), ops.caller_role())
    );
    return next v_environment;
end
$$;
comment on function ops.adopt_environment is 'Notes that a production runs elsewhere.';
revoke all on function ops.adopt_environment from public;
grant execute on function ops.adopt_environment to authenticated, service_role, ops_operator;
