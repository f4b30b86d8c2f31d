-- Marks the expired artifacts whose object nothing else needs, and returns the addresses of the objects to remove,
-- including those marked before and not yet removed. An object is removed only if every row that points to it has
-- expired and no evidence and no backup points to it. Objects are compared by the hash in their address, because a
-- moved store changes the addresses. From then on ops.add_run_artifact refuses rows that point to it. Waits for
-- artifacts being added. A retry returns the same addresses.
create or replace function ops_private.condemn_artifacts(
    p_limit int
)
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_object constant text := '(?:^|[/:])(sha256/[0-9a-f]{2}/[0-9a-f]{64})$';
begin
    lock table ops.run_artifacts in share row exclusive mode;
    with kept as materialized (
        select p.id, make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'artifact_days')::int) as age
        from ops.projects as p
    ), pointing as materialized (
        select
            a.s3_url, coalesce(substring(a.s3_url from v_object), a.s3_url) as object,
            coalesce(a.expires_at, a.created_at + k.age) < v_now as is_over
        from ops.run_artifacts as a
        join ops.run_requests as q on q.run_id = a.run_id
        join kept as k on k.id = q.project_id
    ), needed as materialized (
        select p.object from pointing as p where not p.is_over
        union
        select coalesce(substring(e.s3_url from v_object), e.s3_url) from ops.evidence_artifacts as e
        union
        select coalesce(substring(b.manifest_url from v_object), b.manifest_url) from ops.backups as b
        where b.manifest_url is not null and b.dropped_at is null
    ), over as (
        select distinct p.s3_url from pointing as p
        where not exists (select from needed as n where n.object = p.object)
        limit p_limit
    )
    update ops.run_artifacts as a set condemned_at = v_now
    from over
    where a.s3_url = over.s3_url and a.condemned_at is null;
    return query
    select
        'run_artifacts', 'condemned', null::text, null::uuid, sum(c.row_count)::bigint, array_agg(c.s3_url order by c.s3_url),
        null::text
    from (
        select a.s3_url, count(*) as row_count from ops.run_artifacts as a
        where a.condemned_at is not null
        group by a.s3_url
        limit p_limit
    ) as c
    having count(*) > 0;
end
$$;
comment on function ops_private.condemn_artifacts is 'Marks the artifacts whose time is over.';
revoke all on function ops_private.condemn_artifacts from public;
