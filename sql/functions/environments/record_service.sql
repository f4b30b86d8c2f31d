-- Records that the environment of a stop or start run is to be stopped or running from now on, as the run's kind says,
-- and returns the environment. A stop until_asked ends with the next request. Called by steps stop and start before
-- they act: after a kill, whoever makes the runtime match the record goes on. Locks the run's and the environment's
-- rows. Raises PT404 and PT410 for an attempt that was given up, PT409 for what is not hosted here and for a run of
-- another kind. Repeating it is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_service(
    p_run_id uuid,
    p_attempt int
)
returns setof ops.environments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_environment_id uuid;
    v_kind ops.run_kind;
    v_until_asked boolean;
begin
    select r.kind, e.id, coalesce((q.config ->> 'until_asked')::boolean, false)
    into v_kind, v_environment_id, v_until_asked
    from ops.runs as r
    join ops.run_requests as q on q.run_id = r.id
    join ops.environments as e on e.id = r.environment_id
    where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running' and e.destroyed_at is null
    for no key update of r, e;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    select e.* into v_environment from ops.environments as e where e.id = v_environment_id;
    if v_kind not in ('stop', 'start') or v_environment.database_name is null or v_environment.is_adopted then
        raise sqlstate 'PT409' using
            message = format('A %s run neither stops nor starts %s', v_kind, v_environment.partition_key),
            hint = 'Use ops env stop or ops env start, on an environment that was deployed here.';
    end if;
    v_environment.wakes_on_request := v_kind = 'stop' and v_until_asked;
    return next ops_private.move_environment(
        v_environment, case v_kind when 'stop' then 'stopped' else 'running' end::ops.environment_status
    );
end
$$;
comment on function ops.record_service is 'Notes that an environment is to be stopped or running.';
revoke all on function ops.record_service from public;
grant execute on function ops.record_service to service_role, ops_worker;
