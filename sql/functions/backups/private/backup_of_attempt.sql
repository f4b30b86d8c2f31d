-- Returns the backup that this attempt makes, and locks its row. Called by functions that record a worker's progress.
-- Raises PT404, PT410, and PT409 if the attempt has not started it.
create or replace function ops_private.backup_of_attempt(
    p_run_id uuid,
    p_attempt int
)
returns ops.backups
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_backup ops.backups;
begin
    select b.* into v_backup from ops.backups as b
    where b.run_id = v_run.id and b.attempt = p_attempt
    for no key update;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Attempt %s of run #%s makes no backup', p_attempt, v_run.run_number),
            hint = 'Start it first: ops.record_backup_start.';
    end if;
    return v_backup;
end
$$;
comment on function ops_private.backup_of_attempt is 'The backup that an attempt makes.';
revoke all on function ops_private.backup_of_attempt from public;
