-- Records whether an environment's Odoo runs, is stopped or failed. Called by the steps.
-- Locks the environment's row. Raises PT400 for other states and PT404 for no living environment or an adopted one.
-- A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.set_environment_status(
    p_environment_id uuid,
    p_status ops.environment_status
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    if p_status is null or p_status not in ('building', 'running', 'stopped', 'failed') then
        raise sqlstate 'PT400' using
            message = format('An environment cannot be set %s', coalesce(p_status::text, 'null')),
            hint = 'Set building, running, stopped or failed; destroying is a run of kind destroy.';
    end if;
    select e.* into v_environment from ops.environments as e
    where e.id = p_environment_id and e.destroyed_at is null and not e.is_adopted
    for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such living environment that is hosted here', hint = 'List them: ops env list.';
    end if;
    perform ops_private.move_environment(v_environment, p_status);
end
$$;
comment on function ops.set_environment_status is 'Notes what an environment does.';
revoke all on function ops.set_environment_status from public;
grant execute on function ops.set_environment_status to service_role, ops_worker;
