-- Returns the release to which a rollback of a deployment returns: the newest one deployed to the same place before,
-- neither rolled back nor withdrawn since. Deployments told by events follow each other as they began, not as they
-- were told. Null if there is none, or if the deployment is not the newest that took effect.
-- Called by rollback_deployment and the trigger of deployments. Locks and raises nothing.
create or replace function ops_private.release_before(p_deployment_id uuid)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select b.release_id
from ops.deployments as d
join ops.deployments as b
    on b.project_id = d.project_id and b.stage = d.stage
    and b.environment_id is not distinct from d.environment_id
    and (least(b.started_at, b.created_at), b.created_at) < (least(d.started_at, d.created_at), d.created_at)
join ops.releases as r on r.id = b.release_id
where
    d.id = p_deployment_id and d.status in ('succeeded', 'failed') and b.status = 'succeeded'
    and r.status not in ('withdrawn', 'rolled_back')
    -- after a failed deployment, a rollback may return to the same release
    and (d.status = 'failed' or b.release_id <> d.release_id)
    and not exists (
        select from ops.deployments as k where k.rollback_of = b.id and k.status = 'succeeded'
    )
    and not exists (
        select from ops.deployments as n
        where
            n.project_id = d.project_id and n.stage = d.stage
            and n.environment_id is not distinct from d.environment_id
            and (least(n.started_at, n.created_at), n.created_at) > (least(d.started_at, d.created_at), d.created_at)
            and ops_private.takes_effect(n)
    )
order by least(b.started_at, b.created_at) desc, b.created_at desc, b.id desc
limit 1
$$;
comment on function ops_private.release_before is 'The release that a rollback of a deployment returns to.';
revoke all on function ops_private.release_before from public;
