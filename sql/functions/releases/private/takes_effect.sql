-- Returns whether a deployment changes its place, or still may. Where the platform deploys itself, a failed one leaves
-- what was there before, and the rollback that records this changes nothing either.
-- Called by release_before. Locks and raises nothing.
create or replace function ops_private.takes_effect(p_deployment ops.deployments)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select not ops_private.is_hosted((p_deployment).environment_id) or not (
    (p_deployment).status = 'failed'
    or (p_deployment).status = 'succeeded' and (p_deployment).rollback_of is not null
    and (p_deployment).database_name is null
)
$$;
comment on function ops_private.takes_effect is 'Whether a deployment changes its place, or still may.';
revoke all on function ops_private.takes_effect from public;
