-- Returns which release needs the image of a build, or null: one that is being deployed; the newest ones that each place
-- was given, to which rollbacks return; a candidate that is not older than p_since.
-- Called by reason_to_keep_image. Locks and raises nothing.
create or replace function ops_private.release_that_needs(
    p_project_id uuid,
    p_build_digest text,
    p_since timestamptz,
    p_newest int
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with served as (
    -- as release_before chooses among them
    select
        d.stage, d.environment_id, d.release_id, max(least(d.started_at, d.created_at)) as began_at
    from ops.deployments as d
    join ops.releases as r on r.id = d.release_id
    where
        d.project_id = p_project_id and d.status = 'succeeded' and r.status not in ('withdrawn', 'rolled_back')
        and not exists (
            select from ops.deployments as k where k.rollback_of = d.id and k.status = 'succeeded'
        )
    group by d.stage, d.environment_id, d.release_id
), newest as (
    select
        s.release_id,
        row_number() over (partition by s.stage, s.environment_id order by s.began_at desc) as place
    from served as s
)
select 'release ' || r.version
from ops.releases as r
where
    r.project_id = p_project_id and r.image_digest = p_build_digest
    and (
        exists (
            select from ops.deployments as d where d.release_id = r.id and d.status in ('pending', 'running')
        )
        or exists (select from newest as n where n.release_id = r.id and n.place <= p_newest)
        or r.created_at > p_since and r.status not in ('withdrawn', 'rolled_back')
    )
order by r.created_at desc
limit 1
$$;
comment on function ops_private.release_that_needs is 'The release that needs the image of a build.';
revoke all on function ops_private.release_that_needs from public;
