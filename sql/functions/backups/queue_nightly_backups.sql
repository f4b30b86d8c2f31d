-- Queues the backups of the night that are not queued yet: one of each living production with data whose policy wants
-- nightly backups and whose backup workflow is enabled, and once more an hour after it failed, which rewrites damaged
-- objects. p_hour is the hour of the night in the time zone; with policy backup.every_hours below 24 further ones follow
-- after it, each as if it were a night's. What was due while the platform was down is made up for once.
-- Returns each backup that it queued, or why it was refused; after a second it stops, and the next call continues.
-- Called by the schedule backups_due. Locks as create_backup does. Raises nothing: a refusal of one production
-- (PT400, PT403, PT404, PT409) is returned with it and stops no other. A retry queues nothing twice: the backups on
-- record are looked at first, because after a deployment the idempotency key alone would be refused.
-- Definer: it calls helpers that only the owner may execute.
create or replace function ops.queue_nightly_backups(
    p_now timestamptz,
    p_hour int,
    p_time_zone text
)
returns table (partition_key text, backup_id uuid, refusal text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    c_asker constant text := 'schedule backups_due';
    v_due record;
    v_workflow ops.workflows;
begin
    if ops.is_unconfirmed() then
        return;
    end if;
    for v_due in
        select p.*, due.key as due, asked.count as asked
        from ops.v_productions as p
        cross join ops_private.night_of(p_now, p_hour, p_time_zone) as night
        cross join lateral ops_private.backup_time_of(
            p_now, night.day, night.due_at, (ops.policy(p.project_id, 'backup') ->> 'every_hours')::int
        ) as due
        cross join lateral (
            select count(*) as count, bool_and(b.status = 'failed') as has_failed, max(b.created_at) as last_at
            from ops.backups as b
            where b.environment_id = p.environment_id and b.requested_by = c_asker and b.created_at >= due.due_at
        ) as asked
        where
            p.is_active and p.has_data and (ops.policy(p.project_id, 'backup') ->> 'nightly')::boolean
            and (asked.count = 0 or (
                -- the cause of the failure may be gone by then: a store that was down, a disk that was full
                asked.count = 1 and asked.has_failed and asked.last_at <= p_now - interval '1 hour'
            ))
            -- during the day the next one waits for the one before; the night's is asked for whatever hangs
            and (due.due_at = night.due_at or not exists (
                select from ops.backups as b
                where
                    b.environment_id = p.environment_id and b.requested_by = c_asker
                    and b.status in ('pending', 'running', 'stored')
            ))
        order by p.partition_key
    loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        v_workflow := ops_private.workflow_of(v_due.project_id, 'backup', v_due.name);
        continue when not v_workflow.is_enabled;
        partition_key := v_due.partition_key;
        backup_id := null;
        refusal := null;
        begin
            backup_id := ops.create_backup(
                v_due.project_id, v_due.name, p_trigger => 'schedule', p_requested_by => c_asker,
                p_priority => coalesce((v_workflow.config ->> 'priority')::int, 0),
                p_config => coalesce(v_workflow.config -> 'run', '{}'), p_workflow_id => v_workflow.id,
                p_idempotency_key => format(
                    'platform:nightly backup of %s on %s%s', v_due.environment_id, v_due.due,
                    case when v_due.asked > 0 then ', again' else '' end
                )
            );
        exception when sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' then
            refusal := sqlerrm;
        end;
        return next;
    end loop;
end
$$;
comment on function ops.queue_nightly_backups is 'Queues the night''s backups that are not queued yet.';
revoke all on function ops.queue_nightly_backups from public;
grant execute on function ops.queue_nightly_backups to service_role, ops_worker;
