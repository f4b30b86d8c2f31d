-- Refuses an invalid change of a backup's state. Called by functions that change the state. Locks
-- nothing; always raises PT409.
create or replace function ops_private.refuse_backup_change(
    p_backup ops.backups,
    p_to ops.backup_status
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    raise sqlstate 'PT409' using
        message = format('Backup %s is %s and cannot become %s', p_backup.id, p_backup.status, p_to),
        hint = 'pending - running - stored - verified, or failed on the way; dropped at the end.';
end
$$;
comment on function ops_private.refuse_backup_change is 'Refuses a change of a backup''s state that is not drawn.';
revoke all on function ops_private.refuse_backup_change from public;
