-- Returns whether the platform's backup is due: every p_every_hours, counted from the moment of the newest proved one.
-- Two hours later an alarm says that there is none; the next proved one closes it.
-- Called by the schedule platform_backup, where a key is named. Locks the alarm. Raises nothing. A retry changes nothing.
-- Definer: it is called by the platform's worker, who may not write incidents itself.
create or replace function ops.watch_platform_backup(
    p_now timestamptz,
    p_every_hours int
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_plane ops.control_plane;
begin
    select c.* into v_plane from ops.control_plane as c;
    if coalesce(v_plane.backed_up_at, v_plane.created_at) <= p_now - make_interval(hours => p_every_hours + 2) then
        perform ops.raise_alarm(
            'platform_backup', 'The platform itself has no backup of today',
            format(
                'The newest proved one is of %s. Next: ops platform backup says what keeps it from being made.',
                coalesce(to_char(v_plane.backed_up_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'never')
            )
        );
    end if;
    return coalesce(v_plane.backed_up_at <= p_now - make_interval(hours => p_every_hours), true);
end
$$;
comment on function ops.watch_platform_backup is 'Whether the platform''s backup is due; an alarm where it is late.';
revoke all on function ops.watch_platform_backup from public;
grant execute on function ops.watch_platform_backup to service_role, ops_worker;
