-- Lists the projects in which retention may have something to do: a backup was dropped and the store may still hold it,
-- or a backup may go and something changed since the policy was last applied. It never misses a backup that the policy
-- drops; the policy itself is decided in tools/backup/retention.py, and a test compares the two.
-- Called by queue_due_retention. Locks and raises nothing.
create or replace function ops_private.projects_due_for_retention(
    p_now timestamptz
)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select p.id from ops.projects as p
    join ops.project_counters as c on c.project_id = p.id
    where
        p.status <> 'archived'
        and (
            exists (
                select from ops.backups as b
                where
                    b.project_id = p.id and b.status = 'dropped'
                    and b.dropped_at > coalesce(c.retention_swept_at, '-infinity')
            )
            or exists (
                select from ops_private.environments_to_thin_out(p.id, p_now) as e (id)
                where
                    c.retention_planned_at is null
                    or ops_private.did_retention_change(p.id, e.id, c.retention_planned_at, p_now)
            )
        )
        and not exists (
            select from ops.runs as r
            where r.project_id = p.id and r.kind = 'retention' and r.status in ('queued', 'claimed', 'running')
        )
    order by p.slug;
end
$$;
comment on function ops_private.projects_due_for_retention is 'Projects in which retention may have work.';
revoke all on function ops_private.projects_due_for_retention from public;
