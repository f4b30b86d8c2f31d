-- Records the start of the run's restore and returns it; one that was not requested by id, such as the clone of a
-- deployment, gets its row now, of p_backup_id. A later attempt continues an earlier one, and repeats a clone that the
-- earlier one had finished: no build uses another's database. Called by steps restore, prod_clone, drill and upgrade. Locks the
-- run's and the backup's rows. Raises PT404, PT410, and PT409 for a restore that has ended and for what refuse_restore
-- refuses: the backup may have been dropped meanwhile. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_restore_start(
    p_run_id uuid,
    p_attempt int,
    p_backup_id uuid default null,
    p_purpose ops.restore_purpose default null
)
returns ops.restores
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_config jsonb := (
        -- only of kinds whose config was checked for these fields when the run was queued
        select q.config from ops.run_requests as q
        where q.run_id = v_run.id and v_run.kind in ('restore', 'clone', 'drill', 'upgrade')
    );
    v_restore ops.restores;
    v_backup ops.backups;
    v_environment ops.environments;
    v_purpose ops.restore_purpose;
begin
    select s.* into v_restore from ops.restores as s where s.run_id = v_run.id;
    v_backup := ops_private.require_backup(
        coalesce(v_restore.backup_id, p_backup_id, (v_config ->> 'backup_id')::uuid), 'read'
    );
    v_purpose := coalesce(
        v_restore.purpose, p_purpose, (v_config ->> 'purpose')::ops.restore_purpose,
        case v_run.kind when 'restore' then 'restore' when 'drill' then 'drill' when 'upgrade' then 'upgrade'
            else 'clone' end::ops.restore_purpose
    );
    if v_backup.project_id <> v_run.project_id then
        raise sqlstate 'PT409' using
            message = format('Backup %s is of another project than run #%s', v_backup.id, v_run.run_number),
            hint = 'A project gets its own data only.';
    elsif v_restore.id is null then
        v_restore := ops_private.make_restore(v_run.id, v_backup.id, v_purpose);
    elsif v_restore.status in ('succeeded', 'failed')
        and not (v_restore.purpose = 'clone' and v_restore.attempt < p_attempt) then
        raise sqlstate 'PT409' using
            message = format('The restore of run #%s is %s', v_run.run_number, v_restore.status),
            hint = 'Ask for another one: ops backup restore.';
    elsif v_restore.attempt = p_attempt then
        return v_restore;
    end if;
    select e.* into v_environment from ops.environments as e where e.id = v_run.environment_id;
    perform ops_private.refuse_restore(v_backup, v_environment, v_purpose);
    v_restore.attempt := p_attempt;
    v_restore.error_message := null;
    v_restore.database_name := null;
    v_restore.report := '{}';
    v_restore := ops_private.move_restore(v_restore, 'running');
    perform ops_private.write_event(p_run_id, 'info', v_purpose || ' started', jsonb_build_object(
        'restore_id', v_restore.id, 'backup_id', v_backup.id
    ));
    return v_restore;
end
$$;
comment on function ops.record_restore_start is 'Notes that the attempt does the run''s restore.';
revoke all on function ops.record_restore_start from public;
grant execute on function ops.record_restore_start to service_role, ops_worker;
