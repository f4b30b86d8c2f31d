-- Records that a backup of the platform was made and proved by a restore, and closes the alarm about its age.
-- Called by the job platform_backup and by `ops platform backup`. Locks the one row. Raises PT400 without a time. An
-- older one changes nothing; a retry is harmless.
-- Definer: nobody may write the control plane's row directly.
create or replace function ops.record_platform_backup(
    p_taken_at timestamptz
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_taken_at is null or p_taken_at > clock_timestamp() + interval '1 minute' then
        raise sqlstate 'PT400' using
            message = 'A backup of the platform was taken in the past', hint = 'ops platform backup';
    end if;
    update ops.control_plane as c set backed_up_at = greatest(c.backed_up_at, p_taken_at);
    perform ops.clear_alarm('platform_backup', 'There is a newer one.');
end
$$;
comment on function ops.record_platform_backup is 'Records a proved backup of the platform.';
revoke all on function ops.record_platform_backup from public;
grant execute on function ops.record_platform_backup to service_role, ops_worker, ops_operator;
