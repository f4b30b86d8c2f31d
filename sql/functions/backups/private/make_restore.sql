-- Inserts the row of a run's restore. Called by restore_backup, and by record_restore_start for a run that was queued
-- in another way. Locks nothing. Raises PT409 for a run that has ended.
create or replace function ops_private.make_restore(
    p_run_id uuid,
    p_backup_id uuid,
    p_purpose ops.restore_purpose
)
returns ops.restores
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_restore ops.restores;
begin
    insert into ops.restores (
        backup_id, project_id, environment_id, run_id, purpose, masking_profile, requested_by
    )
    select
        p_backup_id, r.project_id, r.environment_id, r.id, p_purpose, nullif(q.config ->> 'masking_profile', ''),
        q.requested_by
    from ops.runs as r
    join ops.run_requests as q on q.run_id = r.id
    where r.id = p_run_id and r.finished_at is null
    returning * into v_restore;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The run has ended: it restores nothing any more',
            hint = 'Ask again with a new key: ops backup restore.';
    end if;
    return v_restore;
end
$$;
comment on function ops_private.make_restore is 'The row of the restore that a run does.';
revoke all on function ops_private.make_restore from public;
