-- Returns a backup that the caller may use, and locks its row. Called by restore_backup, hold_backup and similar
-- functions. Raises PT404 with the same message for a backup that does not exist and for one that the caller may not
-- know of, and PT403.
create or replace function ops_private.require_backup(
    p_backup_id uuid,
    p_permission text
)
returns ops.backups
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups;
begin
    select b.* into v_backup from ops.backups as b where b.id = p_backup_id;
    if not found or not ops.has_permission(v_backup.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no backup %s', coalesce(p_backup_id::text, 'without an id')),
            hint = 'List them: ops backup list.';
    end if;
    perform ops_private.require_permission(v_backup.project_id, p_permission);
    select b.* into v_backup from ops.backups as b where b.id = p_backup_id for no key update;
    return v_backup;
end
$$;
comment on function ops_private.require_backup is 'A backup that the caller may use.';
revoke all on function ops_private.require_backup from public;
