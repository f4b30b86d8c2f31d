-- Lists the project's backups that no rule keeps for certain: not held, past the ages that protect a backup, and not among
-- the newest verified ones of its environment. The ages are those of the policy in tools/backup/retention.py and
-- retention_plan.py; what is kept by the calendar is a matter of backups_kept_by_calendar.
-- Called by environments_to_thin_out and drop_expired_backup. Locks and raises nothing.
create or replace function ops_private.backups_that_may_go(
    p_project_id uuid,
    p_now timestamptz
)
returns table (backup_id uuid, environment_id uuid)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_minimum int := (ops_private.rules_in_force(p_project_id, 'retention') ->> 'minimum')::int;
begin
    return query
    with settled as (
        select
            b.id, b.environment_id, b.status, b.held_at, b.label, b.mirrored_at, coalesce(b.taken_at, b.created_at) as moment,
            row_number() over (
                partition by b.environment_id, b.status order by b.taken_at desc, b.id::text desc
            ) as place
        from ops.backups as b
        where
            b.project_id = p_project_id and b.status in ('verified', 'failed')
            and coalesce(b.taken_at, b.created_at) <= p_now
    )
    select s.id, s.environment_id from settled as s
    where
        s.held_at is null and (s.label is null or s.moment <= p_now - interval '30 days')
        and case s.status
            when 'failed' then s.moment <= p_now - interval '2 days' and s.mirrored_at is null -- whole there
            else s.moment <= p_now - interval '1 day' and s.place > v_minimum
        end;
end
$$;
comment on function ops_private.backups_that_may_go is 'The backups that a retention policy may drop.';
revoke all on function ops_private.backups_that_may_go from public;
