-- Moves an environment to a state, with what p_environment says of its deployment, and returns it: the only writer of an
-- environment's state. A destroyed one keeps no address, no database and no variables of its own. Called by functions
-- that locked its row and decided on the change. Raises PT409 for a production or staging that would serve, or serve
-- another database, while a restored record is not confirmed, check_violation for a running one without an address, and
-- unique_violation for another environment's port or database.
create or replace function ops_private.move_environment(
    p_environment ops.environments,
    p_to ops.environment_status
)
returns ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_is_destroyed boolean := p_to = 'destroyed';
begin
    if p_to = 'running' and exists (
        select from ops.environments as e
        where
            e.id = p_environment.id and e.stage <> 'development'
            and (e.status, e.database_name) is distinct from (p_to, p_environment.database_name)
    ) then
        perform ops_private.require_confirmed(format('%s does not start', p_environment.partition_key));
    end if;
    update ops.environments as e
    set status = p_to, is_adopted = e.is_adopted or p_to = 'adopted',
        url = case when not v_is_destroyed then p_environment.url end,
        port = case when not v_is_destroyed then p_environment.port end,
        database_name = case when not v_is_destroyed then p_environment.database_name end,
        expires_at = case when not v_is_destroyed then p_environment.expires_at end,
        destroyed_at = case when v_is_destroyed then clock_timestamp() end,
        wakes_on_request = p_to = 'stopped' and p_environment.wakes_on_request,
        last_used_at = case when p_to = 'running' then clock_timestamp() else e.last_used_at end,
        image_digest = p_environment.image_digest, deployed_sha = p_environment.deployed_sha,
        deployed_run_id = p_environment.deployed_run_id
    where e.id = p_environment.id
    returning e.* into v_environment;
    if v_is_destroyed then
        perform ops_private.forget_variables(v_environment.id);
    end if;
    return v_environment;
end
$$;
comment on function ops_private.move_environment is 'Moves an environment to a state.';
revoke all on function ops_private.move_environment from public;
