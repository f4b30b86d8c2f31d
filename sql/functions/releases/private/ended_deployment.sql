-- Returns the newest deployment of a place, if it is of this release and already has the event's status: the event was
-- sent twice, with two keys. Locks and raises nothing.
create or replace function ops_private.ended_deployment(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage,
    p_status ops.deployment_status
)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select d.id
from (
    select n.* from ops.deployments as n
    where
        n.project_id = (p_release).project_id and n.stage = p_stage
        and n.environment_id is not distinct from p_environment_id
    order by n.created_at desc, n.id desc
    limit 1
) as d
where d.release_id = (p_release).id and d.status = p_status
$$;
comment on function ops_private.ended_deployment is 'The newest deployment of a place, if it ended so.';
revoke all on function ops_private.ended_deployment from public;
