-- Holds a backup: neither retention nor a person can drop it until the hold is released. Called by people who may back
-- up. Locks the backup's row. Raises PT404, PT403, PT409 for a backup that is failed or dropped, PT400 without a
-- reason. Repeating it keeps the first hold.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.hold_backup(
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
    v_backup ops.backups := ops_private.require_backup(hold_backup.backup_id, 'backup');
begin
    if coalesce(btrim(hold_backup.reason), '') = '' then
        raise sqlstate 'PT400' using message = 'A hold has a reason', hint = 'Say why it is kept.';
    elsif v_backup.status in ('failed', 'dropped') then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s: there is nothing to hold', v_backup.id, v_backup.status),
            hint = 'List what there is: ops backup list.';
    elsif v_backup.held_at is null then
        update ops.backups as b
        set held_at = clock_timestamp(), held_by = coalesce(ops.caller_name(), ops.caller_role()),
            hold_reason = hold_backup.reason
        where b.id = v_backup.id
        returning b.* into v_backup;
        perform ops_private.note_backup(v_backup, 'backup_held', hold_backup.reason);
    end if;
    return v_backup;
end
$$;
comment on function ops.hold_backup is 'Holds a backup against being dropped.';
revoke all on function ops.hold_backup from public;
grant execute on function ops.hold_backup to authenticated, service_role, ops_operator;
grant execute on function ops.hold_backup to sre;
