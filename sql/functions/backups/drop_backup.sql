-- Drops a backup: its row stays, its objects are no longer referenced. It never drops a backup that is held, at work or
-- in use, nor the last verified one of its environment, however many drops run at once.
-- Called by people who may back up, and by drop_expired_backup. Locks the backup's and the environment's rows. Raises PT404,
-- PT403, PT409, PT400 without a reason. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.drop_backup(
    backup_id uuid,
    reason text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(drop_backup.backup_id, 'backup');
    v_refusal text;
begin
    if coalesce(btrim(drop_backup.reason), '') = '' then
        raise sqlstate 'PT400' using message = 'What is dropped is dropped for a reason', hint = 'Say which.';
    elsif v_backup.status = 'dropped' then
        return v_backup;
    end if;
    -- one drop at a time, so that two concurrent drops cannot remove the last two
    perform from ops.environments as e where e.id = v_backup.environment_id for no key update;
    v_refusal := ops_private.reason_to_keep(v_backup);
    if v_refusal is not null then
        raise sqlstate 'PT409' using
            message = format('Backup %s is not dropped: it is %s', v_backup.id, v_refusal),
            hint = 'Take another one; a hold is released with ops backup hold --release.';
    end if;
    v_backup.drop_reason := drop_backup.reason;
    v_backup := ops_private.move_backup(v_backup, 'dropped');
    perform ops_private.note_backup(v_backup, 'backup_dropped', drop_backup.reason);
    return v_backup;
end
$$;
comment on function ops.drop_backup is 'Lets a backup go.';
revoke all on function ops.drop_backup from public;
grant execute on function ops.drop_backup to authenticated, service_role, ops_operator;
grant execute on function ops.drop_backup to sre;
