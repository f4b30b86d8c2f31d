-- Records that the manifest of the attempt's backup is written: the backup can be found, but is not verified yet.
-- Called by step backup. Locks the run's and the backup's rows. Raises PT404, PT410, PT409 for a backup that is not
-- running, PT400 for invalid values. Repeating it with the same manifest is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_stored(
    p_run_id uuid,
    p_attempt int,
    p_manifest_url text,
    p_manifest_sha256 text,
    p_taken_at timestamptz,
    p_size_bytes bigint,
    p_stored_bytes bigint,
    p_object_count int,
    p_format_version int,
    p_database_name text,
    p_odoo_version text,
    p_git_sha text default null,
    p_image_digest text default null,
    p_metadata jsonb default '{}'
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
    if v_backup.status in ('stored', 'verified') and v_backup.manifest_sha256 = p_manifest_sha256 then
        return v_backup;
    elsif v_backup.status <> 'running' then
        perform ops_private.refuse_backup_change(v_backup, 'stored');
    end if;
    v_backup.manifest_url := p_manifest_url;
    v_backup.manifest_sha256 := p_manifest_sha256;
    v_backup.taken_at := p_taken_at;
    v_backup.size_bytes := p_size_bytes;
    v_backup.stored_bytes := p_stored_bytes;
    v_backup.object_count := p_object_count;
    v_backup.format_version := p_format_version;
    v_backup.database_name := p_database_name;
    v_backup.odoo_version := p_odoo_version;
    v_backup.git_sha := p_git_sha;
    v_backup.image_digest := p_image_digest;
    v_backup.metadata := coalesce(p_metadata, '{}');
    v_backup := ops_private.move_backup(v_backup, 'stored');
    perform ops_private.write_event(p_run_id, 'info', 'backup stored', jsonb_build_object(
        'backup_id', v_backup.id, 'manifest_sha256', p_manifest_sha256, 'stored_bytes', p_stored_bytes
    ));
    return v_backup;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No backup may have these values', detail = sqlerrm,
        hint = 'A stored backup has its manifest''s address and SHA-256, and the time its dump began.';
end
$$;
comment on function ops.record_backup_stored is 'Notes that the attempt''s backup is stored.';
revoke all on function ops.record_backup_stored from public;
grant execute on function ops.record_backup_stored to service_role, ops_worker;
