-- Records that every object of the attempt's backup was read back and matches the manifest: the backup is now verified.
-- Called by step backup. Locks the run's and the backup's rows. Raises PT404, PT410, PT409 for a backup that is not
-- stored or has another manifest. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_verified(
    p_run_id uuid,
    p_attempt int,
    p_manifest_sha256 text
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
    if v_backup.status not in ('stored', 'verified') then
        perform ops_private.refuse_backup_change(v_backup, 'verified');
    elsif v_backup.manifest_sha256 is distinct from p_manifest_sha256 then
        raise sqlstate 'PT409' using
            message = format('Backup %s has another manifest than the one that was verified', v_backup.id),
            hint = 'Verify what ops.record_backup_stored was told of.';
    elsif v_backup.status = 'stored' then
        v_backup := ops_private.move_backup(v_backup, 'verified');
        perform ops_private.write_event(p_run_id, 'info', 'backup verified', jsonb_build_object(
            'backup_id', v_backup.id, 'manifest_sha256', p_manifest_sha256
        ));
    end if;
    return v_backup;
end
$$;
comment on function ops.record_backup_verified is 'Notes that the attempt''s backup was read back.';
revoke all on function ops.record_backup_verified from public;
grant execute on function ops.record_backup_verified to service_role, ops_worker;
