-- Opens one incident for each production whose newest verified backup is older than policy backup.max_age_hours, and
-- resolves it once there is a newer one; a new production has the same time for its first backup. A breach whose
-- incident a person resolved gets no other. Returns a line for each change.
-- Called by the schedule backup_freshness. Locks the incidents that it changes. Raises nothing. A retry changes nothing.
create or replace function ops.watch_backup_freshness(
    p_now timestamptz
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
            p.project_id, p.verified_taken_at,
            'backup_freshness:' || p.environment_id as key,
            format('Backups of %s/%s are stale', p.project_slug, p.name) as title,
            to_char(p.verified_taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as taken,
            rule.hours,
            coalesce(p.verified_taken_at, p.created_at) + make_interval(hours => rule.hours) as stale_from,
            newest.error_message
        from ops.v_productions as p
        cross join lateral (
            select (ops.policy(p.project_id, 'backup') ->> 'max_age_hours')::int as hours
        ) as rule
        left join lateral (
            select b.error_message from ops.backups as b
            where b.environment_id = p.environment_id
            order by b.created_at desc
            limit 1
        ) as newest on true
        where p.is_active and p.has_data
        order by p.partition_key
    loop
        if v_production.stale_from <= p_now then
            continue when exists (
                select from ops.incidents as i
                where
                    i.project_id = v_production.project_id and i.opened_at >= v_production.stale_from
                    -- incidents of earlier versions have no key
                    and (i.key = v_production.key or (i.key is null and i.title = v_production.title))
            );
            perform ops.raise_alarm(
                v_production.key, v_production.title, p_project_id => v_production.project_id,
                p_description => format(
                    '%s; the policy allows %s hours (backup.max_age_hours).%s Next: ops backup create.',
                    coalesce('The newest that was read back is of ' || v_production.taken, 'None was ever read back'),
                    v_production.hours, ' The last one failed: ' || v_production.error_message
                )
            );
            return next 'incident: ' || v_production.title;
        elsif v_production.verified_taken_at is not null then
            for v_incident_id in
                select i.id from ops.incidents as i
                where
                    i.project_id = v_production.project_id and i.status = 'open'
                    and (i.key = v_production.key or (i.key is null and i.title = v_production.title))
            loop
                perform ops.resolve_incident(v_incident_id, format('A backup of %s was read back.', v_production.taken));
                return next 'resolved: ' || v_production.title;
            end loop;
        end if;
    end loop;
end
$$;
comment on function ops.watch_backup_freshness is 'Opens and ends the alarms of stale backups.';
revoke all on function ops.watch_backup_freshness from public;
grant execute on function ops.watch_backup_freshness to service_role, ops_worker;
