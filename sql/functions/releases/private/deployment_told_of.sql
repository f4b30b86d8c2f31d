-- Returns the newest deployment of a release to a place if an event is about it, and whether the event is late: older
-- than what was told of it, or than the deployment where an earlier one may be meant. An event with the deployment's own
-- end is a repeat with another key. No row if the event tells of a deployment that is not known.
-- Called by handle_deployment_event, which locks the project. Locks and raises nothing.
create or replace function ops_private.deployment_told_of(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage,
    p_status ops.deployment_status,
    p_occurred_at timestamptz
)
returns table (deployment ops.deployments, is_late boolean)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with there as (
    select
        d as deployment,
        count(*) over () > 1 as is_one_of_many,
        row_number() over (order by d.created_at desc, d.id desc) as place
    from ops.deployments as d
    where
        d.release_id = (p_release).id and d.stage = p_stage
        and d.environment_id is not distinct from p_environment_id
), newest as (
    select
        t.deployment,
        coalesce(
            p_occurred_at < (t.deployment).told_at
            -- of two facts of one moment, the end is the newer one
            or p_occurred_at = (t.deployment).told_at and p_status = 'running'
            and (t.deployment).status in ('succeeded', 'failed'),
            t.is_one_of_many and p_occurred_at < ops_private.deployment_began(t.deployment)
        ) as is_late
    from there as t
    where t.place = 1
)
select
    n.deployment,
    n.is_late
from newest as n
where
    n.is_late or (n.deployment).status in ('pending', 'running')
    or (n.deployment).status = p_status and not exists (
        select from ops.deployments as o
        where
            o.project_id = (p_release).project_id and o.stage = p_stage
            and o.environment_id is not distinct from p_environment_id
            and o.created_at > (n.deployment).created_at
    )
$$;
comment on function ops_private.deployment_told_of is 'The deployment that an event is about, and whether it is late.';
revoke all on function ops_private.deployment_told_of from public;
