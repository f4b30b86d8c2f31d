-- Opens one alarm for each production whose newest mirrored backup is older than policy backup.max_age_hours allows, and
-- resolves it once a newer one is mirrored, or no mirror is asked for (p_mirror_url is null). Returns a line for each
-- change. Called by the schedule backup_mirror. Locks the alarms that it changes. Raises nothing. A retry changes nothing.
create or replace function ops.watch_backup_mirrors(
    p_now timestamptz,
    p_mirror_url text
)
returns setof text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_production record;
    v_incident_id uuid;
begin
    for v_production in
        select
            p.project_id, format('The mirror of the backups of %s/%s is behind', p.project_slug, p.name) as title,
            'backup_mirror:' || p.environment_id as key, rule.hours, mirrored.taken_at,
            p_mirror_url is not null and p.is_active and p.verified_taken_at is not null
            and coalesce(mirrored.taken_at, first.verified_at) + make_interval(hours => rule.hours) <= p_now as is_behind
        from ops.v_productions as p
        cross join lateral (
            select (ops.policy(p.project_id, 'backup') ->> 'max_age_hours')::int as hours
        ) as rule
        left join lateral (
            select max(b.taken_at) as taken_at from ops.backups as b
            where b.environment_id = p.environment_id and b.status = 'verified' and b.mirror_url = p_mirror_url
        ) as mirrored on true
        left join lateral (
            select min(b.verified_at) as verified_at from ops.backups as b
            where b.environment_id = p.environment_id and b.status = 'verified'
        ) as first on true
        order by p.partition_key
    loop
        if v_production.is_behind then
            continue when exists (
                select from ops.incidents as i
                where i.project_id = v_production.project_id and i.key = v_production.key and i.status = 'open'
            );
            perform ops.raise_alarm(
                v_production.key, v_production.title, p_project_id => v_production.project_id,
                p_description => format(
                    '%s; the policy allows %s hours (backup.max_age_hours). The last run of the job backup_mirror in the'
                    ' Dagster UI says why.',
                    coalesce(
                        'The newest in the mirror is of '
                        || to_char(v_production.taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        'The mirror holds none'
                    ),
                    v_production.hours
                )
            );
            return next 'incident: ' || v_production.title;
        else
            for v_incident_id in
                select i.id from ops.incidents as i
                where i.project_id = v_production.project_id and i.key = v_production.key and i.status = 'open'
            loop
                perform ops.resolve_incident(v_incident_id, 'The mirror holds what it should.');
                return next 'resolved: ' || v_production.title;
            end loop;
        end if;
    end loop;
end
$$;
comment on function ops.watch_backup_mirrors is 'Opens and ends the alarms of mirrors that are behind.';
revoke all on function ops.watch_backup_mirrors from public;
grant execute on function ops.watch_backup_mirrors to service_role, ops_worker;
