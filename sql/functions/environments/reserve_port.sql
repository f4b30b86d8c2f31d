-- Reserves the port for the run's environment, unless it has one, and returns its port; null if another living
-- environment has the port: the caller then chooses again. Called by steps deployment and restore before a service
-- listens. Locks the run's and the environment's rows. Raises PT404 and PT410. A retry returns the same port.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.reserve_port(
    p_run_id uuid,
    p_attempt int,
    p_port int
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_port int;
begin
    update ops.environments as e set port = coalesce(e.port, p_port)
    where e.id = v_run.environment_id and e.destroyed_at is null
    returning e.port into v_port;
    return v_port;
exception when unique_violation then
    return null;
end
$$;
comment on function ops.reserve_port is 'Gives an environment a port of its own.';
revoke all on function ops.reserve_port from public;
grant execute on function ops.reserve_port to service_role, ops_worker;
