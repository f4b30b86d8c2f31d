-- Records a change of a backup in its environment's events. Called by hold_backup, drop_backup and similar functions.
-- Locks and raises nothing.
create or replace function ops_private.note_backup(
    p_backup ops.backups,
    p_event text,
    p_reason text default null
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.environment_events (
        project_id, environment_id, environment, event, payload, source, recorded_by
    )
    select
        e.project_id, e.id, e.name, p_event,
        jsonb_strip_nulls(jsonb_build_object('backup_id', p_backup.id, 'reason', p_reason)), 'ops',
        coalesce(ops.caller_name(), ops.caller_role())
    from ops.environments as e
    where e.id = p_backup.environment_id;
end
$$;
comment on function ops_private.note_backup is 'Writes what people did with a backup to its environment''s events.';
revoke all on function ops_private.note_backup from public;
