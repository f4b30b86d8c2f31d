-- Records that the store p_mirror_url does not hold the backup any more, so that it is mirrored again. Called by the job
-- backup_mirror. Locks the backup's row; raises nothing. A retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.forget_backup_mirror(
    p_backup_id uuid,
    p_mirror_url text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups;
begin
    update ops.backups as b set mirror_url = null, mirrored_at = null
    where b.id = p_backup_id and b.mirror_url = p_mirror_url
    returning b.* into v_backup;
    if found then
        perform ops_private.note_backup(v_backup, 'backup_mirror_lost');
    end if;
end
$$;
comment on function ops.forget_backup_mirror is 'Notes that a mirror does not hold a backup any more.';
revoke all on function ops.forget_backup_mirror from public;
grant execute on function ops.forget_backup_mirror to service_role, ops_worker;
