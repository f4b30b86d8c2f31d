-- Queues the week's drills that are not queued yet: one of each living production of an active project that has a
-- verified backup. Weeks are those of ISO 8601 in the time zone; on the week's first day nothing is queued before
-- p_from_hour, so that the drill uses that night's backup. Returns each drill's backup, or why it was
-- refused; after a second it stops, and the next call continues.
-- Called by the schedule drills_due. Locks as restore_backup does. Raises nothing: a refusal of one production
-- (PT400, PT403, PT404, PT409) is returned with it and stops no other. A retry queues nothing twice, even if there is a
-- newer backup since.
-- Definer: the worker may not ask for restores itself.
create or replace function ops.queue_due_drills(
    p_now timestamptz,
    p_time_zone text,
    p_from_hour int default 4
)
returns table (partition_key text, backup_id uuid, refusal text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    c_asker constant text := 'schedule drills_due';
    c_week constant text := 'IYYY-"W"IW';
    v_local timestamp := p_now at time zone p_time_zone;
    v_due record;
begin
    if extract(isodow from v_local) = 1 and extract(hour from v_local) < p_from_hour then
        return;
    end if;
    for v_due in
        select p.* from ops.v_productions as p
        where
            p.is_active and p.verified_backup_id is not null
            and not exists (
                select from ops.restores as s
                join ops.backups as b on b.id = s.backup_id
                where
                    b.environment_id = p.environment_id and s.purpose = 'drill' and s.requested_by = c_asker
                    and to_char(s.created_at at time zone p_time_zone, c_week) = to_char(v_local, c_week)
            )
        order by p.partition_key
    loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        partition_key := v_due.partition_key;
        backup_id := v_due.verified_backup_id;
        refusal := null;
        begin
            perform ops.restore_backup(
                v_due.verified_backup_id, null, 'drill', p_requested_by => c_asker, p_trigger => 'schedule',
                p_idempotency_key => format('platform:drill:%s:%s', v_due.environment_id, to_char(v_local, c_week))
            );
        exception when sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' then
            refusal := sqlerrm;
        end;
        return next;
    end loop;
end
$$;
comment on function ops.queue_due_drills is 'Queues the week''s drills that are not queued yet.';
revoke all on function ops.queue_due_drills from public;
grant execute on function ops.queue_due_drills to service_role, ops_worker;
