-- Returns whether the environment is deployed on this platform, so that the platform's own runs promote to it.
-- Called by functions that promote. Locks and raises nothing; false without an environment.
create or replace function ops_private.is_hosted(p_environment_id uuid)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.environments as e
    where e.id = p_environment_id and e.database_name is not null and not e.is_adopted and e.destroyed_at is null
)
$$;
comment on function ops_private.is_hosted is 'Whether the platform itself deploys to an environment.';
revoke all on function ops_private.is_hosted from public;
