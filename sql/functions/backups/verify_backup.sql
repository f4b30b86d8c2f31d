-- Requests that a backup is read back from the store, and returns the run that does it. The run works on no environment:
-- it blocks neither a deployment nor another backup.
-- Called by people who may back up, and by the platform. Locks the backup's row and the project's counter. Raises PT404,
-- PT403, and PT409 for a backup that is not stored. Repeating it with the same idempotency key returns the same run.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.verify_backup(
    backup_id uuid,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(verify_backup.backup_id, 'backup');
begin
    if v_backup.manifest_url is null or v_backup.status in ('pending', 'running', 'dropped') then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s: there is nothing to read', v_backup.id, v_backup.status),
            hint = 'List what there is: ops backup list.';
    end if;
    return ops.queue_run(
        v_backup.project_id, null, null, null, p_kind => 'verify', p_trigger => p_trigger,
        p_requested_by => p_requested_by, p_idempotency_key => p_idempotency_key,
        p_config => jsonb_build_object('backup_id', v_backup.id)
    );
end
$$;
comment on function ops.verify_backup is 'Asks for a run that reads a backup back.';
revoke all on function ops.verify_backup from public;
grant execute on function ops.verify_backup to authenticated, service_role, ops_operator;
grant execute on function ops.verify_backup to sre;
