-- Lists the project's verified backups that policy retention keeps by the calendar of the time zone: of each environment
-- the newest of each of its last days, weeks and months with a backup. tools/backup/retention.py decides the same for the
-- run, and a test compares the two.
-- Called by drop_expired_backup. Locks nothing. Raises 22023 for an unknown time zone.
create or replace function ops_private.backups_kept_by_calendar(
    p_project_id uuid,
    p_time_zone text,
    p_now timestamptz
)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rules jsonb := ops_private.rules_in_force(p_project_id, 'retention');
begin
    return query
    with past as (
        select b.id, b.environment_id, coalesce(b.taken_at, b.created_at) as moment
        from ops.backups as b
        where b.project_id = p_project_id and b.status = 'verified' and coalesce(b.taken_at, b.created_at) <= p_now
    ), placed as (
        select
            p.id, u.kept,
            row_number() over (
                partition by p.environment_id, u.unit, date_trunc(u.unit, p.moment at time zone p_time_zone)
                order by p.moment desc, p.id::text desc
            ) as place_in_period,
            dense_rank() over (
                partition by p.environment_id, u.unit
                order by date_trunc(u.unit, p.moment at time zone p_time_zone) desc
            ) as period
        from past as p
        cross join (
            values
            ('day', (v_rules ->> 'daily')::int), ('week', (v_rules ->> 'weekly')::int),
            ('month', (v_rules ->> 'monthly')::int)
        ) as u (unit, kept)
    )
    select distinct o.id from placed as o where o.place_in_period = 1 and o.period <= o.kept;
end
$$;
comment on function ops_private.backups_kept_by_calendar is 'The backups that retention keeps by day, week and month.';
revoke all on function ops_private.backups_kept_by_calendar from public;
