-- Releases the hold of a backup, if there is one. Called by people who may back up. Locks the backup's row.
-- Raises PT404 and PT403. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.release_backup_hold(
    backup_id uuid
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(release_backup_hold.backup_id, 'backup');
    v_reason text := v_backup.hold_reason;
begin
    if v_backup.held_at is not null then
        update ops.backups as b set held_at = null, held_by = null, hold_reason = null where b.id = v_backup.id
        returning b.* into v_backup;
        perform ops_private.note_backup(v_backup, 'backup_hold_released', v_reason);
    end if;
    return v_backup;
end
$$;
comment on function ops.release_backup_hold is 'Releases the hold of a backup.';
revoke all on function ops.release_backup_hold from public;
grant execute on function ops.release_backup_hold to authenticated, service_role, ops_operator;
grant execute on function ops.release_backup_hold to sre;
