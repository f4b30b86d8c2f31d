-- Refuses a restore of an unverified backup, one that would leak production, and one that would overwrite production
-- with another stage's data. Locks nothing. Raises PT409.
create or replace function ops_private.refuse_restore(
    p_backup ops.backups,
    p_environment ops.environments,
    p_purpose ops.restore_purpose
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_backup.status <> 'verified' then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s, not verified', p_backup.id, p_backup.status),
            hint = 'Take one that is: ops backup list.';
    elsif p_environment.is_adopted and p_purpose = 'restore' then
        raise sqlstate 'PT409' using
            message = format('%s is adopted: nothing here writes it', p_environment.partition_key),
            hint = 'Clone the backup into another environment, or restore it where production runs.';
    elsif p_purpose = 'upgrade' then
        return; -- a sanitized copy that goes to no environment
    elsif p_environment.stage = 'production' and (p_purpose = 'clone' or p_backup.stage <> 'production') then
        raise sqlstate 'PT409' using
            message = 'Production gets back its own data, whole: no clone, no backup of another stage',
            hint = 'Restore a backup of production.';
    elsif p_environment.stage <> 'production' and p_purpose = 'restore' and p_backup.stage = 'production' then
        raise sqlstate 'PT409' using
            message = format('Production''s data does not go to %s as it is', p_environment.name),
            hint = 'Clone it: its data is made harmless on the way.';
    end if;
end
$$;
comment on function ops_private.refuse_restore is 'Refuses a use of a backup that would do harm.';
revoke all on function ops_private.refuse_restore from public;
