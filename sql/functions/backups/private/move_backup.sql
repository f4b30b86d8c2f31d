-- Moves a backup to a state, with what p_backup says of it, and returns it: the only writer of a backup's state. Sets the
-- state's time. Called by functions that locked its row and decided on the change. Raises check_violation for a state
-- that lacks its facts.
create or replace function ops_private.move_backup(
    p_backup ops.backups,
    p_to ops.backup_status
)
returns ops.backups
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_backup ops.backups;
begin
    update ops.backups as b
    set status = p_to, attempt = p_backup.attempt, manifest_url = p_backup.manifest_url,
        manifest_sha256 = p_backup.manifest_sha256, taken_at = p_backup.taken_at, size_bytes = p_backup.size_bytes,
        stored_bytes = p_backup.stored_bytes, object_count = p_backup.object_count,
        format_version = p_backup.format_version, database_name = p_backup.database_name,
        odoo_version = p_backup.odoo_version, git_sha = p_backup.git_sha, image_digest = p_backup.image_digest,
        metadata = p_backup.metadata, error_message = p_backup.error_message, drop_reason = p_backup.drop_reason,
        stored_at = case p_to when 'stored' then v_now else b.stored_at end,
        verified_at = case p_to when 'verified' then v_now else b.verified_at end,
        dropped_at = case p_to when 'dropped' then v_now end
    where b.id = p_backup.id
    returning b.* into v_backup;
    return v_backup;
end
$$;
comment on function ops_private.move_backup is 'Moves a backup to a state.';
revoke all on function ops_private.move_backup from public;
