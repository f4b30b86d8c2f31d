-- Records that the attempt's backup failed, and why. Called by step backup. Locks the run's and the backup's rows.
-- Raises PT404, PT410, PT409 for a backup that is verified or dropped, PT400 without a reason. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_failed(
    p_run_id uuid,
    p_attempt int,
    p_error_message text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.backup_of_attempt(p_run_id, p_attempt);
begin
    if v_backup.status = 'failed' then
        return v_backup;
    elsif v_backup.status not in ('running', 'stored') then
        perform ops_private.refuse_backup_change(v_backup, 'failed');
    end if;
    v_backup.error_message := p_error_message;
    v_backup := ops_private.move_backup(v_backup, 'failed');
    perform ops_private.write_event(p_run_id, 'error', 'backup failed: ' || p_error_message, jsonb_build_object(
        'backup_id', v_backup.id
    ));
    return v_backup;
exception when check_violation then
    raise sqlstate 'PT400' using
        message = 'A failure has a reason', detail = sqlerrm, hint = 'Pass p_error_message.';
end
$$;
comment on function ops.record_backup_failed is 'Notes that the attempt''s backup came to nothing.';
revoke all on function ops.record_backup_failed from public;
grant execute on function ops.record_backup_failed to service_role, ops_worker;
