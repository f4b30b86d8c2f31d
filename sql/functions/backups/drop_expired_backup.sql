-- Drops a backup for the retention run that works on its project, as drop_backup does: only one that policy retention
-- does not keep, in the time zone whose days it counts, so that the worker drops no others.
-- Called by step apply_policy. Locks the run's row, and what drop_backup locks. Raises PT404, PT410, PT409 for a run of
-- another kind or project and for a backup that is kept, PT400 without a reason. A retry is harmless.
-- Definer: the worker may not drop backups itself.
create or replace function ops.drop_expired_backup(
    p_run_id uuid,
    p_attempt int,
    backup_id uuid,
    reason text,
    p_time_zone text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_now timestamptz := clock_timestamp();
    v_backup ops.backups := ops_private.require_backup(drop_expired_backup.backup_id, 'backup');
begin
    if v_run.kind <> 'retention' or v_run.project_id <> v_backup.project_id then
        raise sqlstate 'PT409' using
            message = format('Run #%s applies no retention to this backup''s project', v_run.run_number),
            hint = 'Queue one that does: ops backup retention.';
    elsif v_backup.status <> 'dropped' and (
        v_backup.id not in (select g.backup_id from ops_private.backups_that_may_go(v_run.project_id, v_now) as g)
        or v_backup.id in (
            select k.id from ops_private.backups_kept_by_calendar(v_run.project_id, p_time_zone, v_now) as k (id)
        )
    ) then
        raise sqlstate 'PT409' using
            message = format('Backup %s is not dropped: policy retention keeps it', v_backup.id),
            hint = 'A person who may back up can drop it: ops backup drop.';
    end if;
    return ops.drop_backup(v_backup.id, drop_expired_backup.reason);
end
$$;
comment on function ops.drop_expired_backup is 'Lets a backup go that retention no longer keeps.';
revoke all on function ops.drop_expired_backup from public;
grant execute on function ops.drop_expired_backup to service_role, ops_worker;
