-- Records the start of the run's drill and returns the drill; a later attempt continues an earlier one, and its time
-- starts again. Called by step drill, after record_restore_start. Locks the run's row.
-- Raises PT404, PT410, and PT409 for a run without a drill, or whose drill has ended. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_drill_start(
    p_run_id uuid,
    p_attempt int
)
returns ops.recovery_drills
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_restore ops.restores;
    v_drill ops.recovery_drills;
begin
    select s.* into v_restore from ops.restores as s
    where s.run_id = v_run.id and s.attempt = p_attempt and s.purpose = 'drill';
    select d.* into v_drill from ops.recovery_drills as d where d.run_id = v_run.id;
    if v_restore.id is null or v_drill.finished_at is not null then
        raise sqlstate 'PT409' using
            message = format('Run #%s has no drill to begin', v_run.run_number),
            hint = 'Ask for another one: ops drill run.';
    elsif v_drill.id is null then
        insert into ops.recovery_drills (project_id, backup_id, restore_id, run_id)
        values (v_run.project_id, v_restore.backup_id, v_restore.id, v_run.id)
        returning * into v_drill;
    else
        update ops.recovery_drills as d set started_at = v_restore.started_at
        where d.id = v_drill.id
        returning d.* into v_drill;
    end if;
    return v_drill;
end
$$;
comment on function ops.record_drill_start is 'Notes that the attempt tries a backup.';
revoke all on function ops.record_drill_start from public;
grant execute on function ops.record_drill_start to service_role, ops_worker;
