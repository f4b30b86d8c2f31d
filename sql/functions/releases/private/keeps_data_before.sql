-- Returns whether the data from before a deployment are kept, and its own data still serve: only then a rollback can
-- return to them. Called by rollback_deployment and explain_rollback. Locks and raises nothing.
create or replace function ops_private.keeps_data_before(p_deployment ops.deployments)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce((p_deployment).keep_previous_until > clock_timestamp(), false) and exists (
    select from ops.environments as e
    where e.id = (p_deployment).environment_id and e.database_name = (p_deployment).database_name
)
$$;
comment on function ops_private.keeps_data_before is 'Whether a rollback of a deployment can return to its data too.';
revoke all on function ops_private.keeps_data_before from public;
