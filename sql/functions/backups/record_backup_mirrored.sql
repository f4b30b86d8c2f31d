-- Records that every object of a verified backup was read back from the store p_mirror_url, and returns the backup. Called
-- by the job backup_mirror. Locks the backup's row. Raises PT404, PT409 for a backup that is not verified any more or has
-- another manifest. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_mirrored(
    p_backup_id uuid,
    p_manifest_sha256 text,
    p_mirror_url text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups;
begin
    select b.* into v_backup from ops.backups as b where b.id = p_backup_id for no key update;
    if not found then
        raise sqlstate 'PT404' using message = format('There is no backup %s', p_backup_id);
    elsif v_backup.status <> 'verified' or v_backup.manifest_sha256 <> p_manifest_sha256 then
        raise sqlstate 'PT409' using
            message = format('Backup %s is not what was mirrored: it is %s', v_backup.id, v_backup.status),
            hint = 'The next turn mirrors what is verified then.';
    elsif v_backup.mirror_url is distinct from p_mirror_url then
        update ops.backups as b set mirror_url = p_mirror_url, mirrored_at = clock_timestamp()
        where b.id = v_backup.id
        returning b.* into v_backup;
        perform ops_private.note_backup(v_backup, 'backup_mirrored');
    end if;
    return v_backup;
end
$$;
comment on function ops.record_backup_mirrored is 'Notes that a backup was read back from its mirror.';
revoke all on function ops.record_backup_mirrored from public;
grant execute on function ops.record_backup_mirrored to service_role, ops_worker;
