-- Records the result of reading a backup again: it matches its manifest and is verified, or it is damaged and failed
-- with a reason; a backup whose run died before the verification may become verified.
-- Called by commands and drills that read backups again, at any time and without a run. Locks the backup's row.
-- Raises PT404, PT409 for a backup that is dropped, at work or has another manifest. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_recheck(
    p_backup_id uuid,
    p_manifest_sha256 text,
    p_error_message text default null
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(p_backup_id, 'backup');
    v_status ops.backup_status := case when p_error_message is null then 'verified' else 'failed' end;
begin
    if v_backup.status in ('pending', 'running', 'dropped')
        or v_backup.manifest_sha256 is distinct from p_manifest_sha256 then
        perform ops_private.refuse_backup_change(v_backup, v_status);
    end if;
    v_backup.error_message := p_error_message;
    v_backup := ops_private.move_backup(v_backup, v_status);
    if p_error_message is not null then
        perform ops_private.note_backup(v_backup, 'backup_spoilt', p_error_message);
    end if;
    return v_backup;
end
$$;
comment on function ops.record_backup_recheck is 'Notes what reading a backup again found.';
revoke all on function ops.record_backup_recheck from public;
grant execute on function ops.record_backup_recheck to service_role, ops_worker;
