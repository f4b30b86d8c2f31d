-- Inserts the row of a run's backup, of the run's environment or of the production that it clones. Called by
-- create_backup, and by record_backup_start for a run that was queued in another way. Locks nothing. Raises PT409 for a
-- run that has ended or works on no environment.
create or replace function ops_private.make_backup(
    p_run_id uuid,
    p_environment_id uuid default null
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
    insert into ops.backups (project_id, environment_id, stage, run_id, label, requested_by)
    select
        r.project_id, e.id, e.stage, r.id,
        case when e.id = r.environment_id then nullif(q.config ->> 'label', '') else 'for ' || w.name end, q.requested_by
    from ops.runs as r
    join ops.run_requests as q on q.run_id = r.id
    join ops.environments as w on w.id = r.environment_id
    join ops.environments as e on e.id = coalesce(p_environment_id, r.environment_id)
    where r.id = p_run_id and r.finished_at is null
    returning * into v_backup;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The run has ended, or works on no environment: it makes no backup',
            hint = 'Ask for a backup with a new key: ops backup create.';
    end if;
    return v_backup;
end
$$;
comment on function ops_private.make_backup is 'The row of the backup that a run makes.';
revoke all on function ops_private.make_backup from public;
