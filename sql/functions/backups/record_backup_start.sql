-- Records that the attempt makes the run's backup, and returns it; a backup that was not requested by id gets its row
-- now. A run that clones production may first make one of production: p_environment_id. A later attempt continues an
-- earlier one; a verified backup is returned unchanged. Called by step backup and by the steps that copy production.
-- Locks the run's and the backup's rows. Raises PT404, PT410, and PT409 for a backup that failed or was dropped, and
-- for another environment's data that the run does not copy. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_start(
    p_run_id uuid,
    p_attempt int,
    p_environment_id uuid default null
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_backup ops.backups;
begin
    select b.* into v_backup from ops.backups as b where b.run_id = v_run.id for no key update;
    if not found then
        if p_environment_id <> v_run.environment_id then
            perform ops_private.require_clone_of(v_run, p_environment_id);
        end if;
        v_backup := ops_private.make_backup(v_run.id, p_environment_id);
    end if;
    if v_backup.status in ('failed', 'dropped') then
        perform ops_private.refuse_backup_change(v_backup, 'running');
    elsif v_backup.status = 'verified' or v_backup.attempt = p_attempt then
        return v_backup;
    end if;
    v_backup.attempt := p_attempt;
    v_backup := ops_private.move_backup(v_backup, 'running');
    perform ops_private.write_event(
        p_run_id, 'info', 'backup started', jsonb_build_object('backup_id', v_backup.id)
    );
    return v_backup;
end
$$;
comment on function ops.record_backup_start is 'Notes that the attempt makes the run''s backup.';
revoke all on function ops.record_backup_start from public;
grant execute on function ops.record_backup_start to service_role, ops_worker;
