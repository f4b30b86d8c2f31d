-- Requests a comparison of rows of a verified backup with the live database of the environment that it is of, and
-- returns the run that makes it. Each item of tables is a table, or rows of one: `res_partner:1,2`.
-- Called by people who may restore, and by the platform. Locks the backup's row and the project's counter. Raises PT404,
-- PT403, PT400 without a table, PT409 for a backup that is not verified or of another environment. Each call queues
-- another run.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.compare_backup(
    backup_id uuid,
    env text,
    tables text[],
    p_requested_by text default null,
    p_trigger text default 'api'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(compare_backup.backup_id, 'restore');
    v_environment ops.environments := ops_private.living_environment(v_backup.project_id, compare_backup.env);
begin
    if coalesce(cardinality(compare_backup.tables), 0) = 0
        or array_position(compare_backup.tables, null) is not null then
        raise sqlstate 'PT400' using
            message = 'A comparison names at least one table', hint = 'Such as res_partner, or res_partner:1,2.';
    elsif v_backup.status <> 'verified' then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s, not verified', v_backup.id, v_backup.status),
            hint = 'List the backups: ops backup list.';
    elsif v_backup.environment_id <> v_environment.id then
        raise sqlstate 'PT409' using
            message = format('Backup %s is not of %s', v_backup.id, v_environment.partition_key),
            hint = 'Take one that is: ops backup list; or clone production.';
    end if;
    return ops.queue_run(
        v_backup.project_id, null, null, null, p_kind => 'compare', p_trigger => p_trigger,
        p_requested_by => p_requested_by,
        p_config => jsonb_build_object('backup_id', v_backup.id, 'tables', to_jsonb(compare_backup.tables))
    );
end
$$;
comment on function ops.compare_backup is 'Asks for a run that compares a backup with the live database.';
revoke all on function ops.compare_backup from public;
grant execute on function ops.compare_backup to authenticated, service_role, ops_operator;
grant execute on function ops.compare_backup to sre;
