-- Requests a restore, clone or drill of a verified backup and returns the restore's id; its run waits in the queue.
-- Without p_purpose production's data becomes a clone, made harmless, anywhere but in production. A drill has no
-- target. Called by people who may restore, and by the platform. Locks the backup's row and the project's counter.
-- Raises PT404, PT403, and PT409 for what refuse_restore refuses. Repeating it with the same idempotency key
-- returns the same restore.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.restore_backup(
    backup_id uuid,
    target_env text,
    p_purpose ops.restore_purpose default null,
    p_masking_profile text default null,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api',
    p_priority int default 0,
    p_config jsonb default '{}'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_backup ops.backups := ops_private.require_backup(
        restore_backup.backup_id, case when p_purpose = 'drill' then 'drill' else 'restore' end
    );
    v_environment ops.environments;
    v_purpose ops.restore_purpose;
    v_run_id uuid;
    v_id uuid;
begin
    if p_purpose is distinct from 'drill' then
        v_environment := ops_private.living_environment(v_backup.project_id, target_env);
    end if;
    v_purpose := coalesce(p_purpose, case
        when v_backup.stage = 'production' and v_environment.stage <> 'production' then 'clone'
        else 'restore'
    end::ops.restore_purpose);
    perform ops_private.refuse_restore(v_backup, v_environment, v_purpose);
    v_run_id := ops.queue_run(
        v_backup.project_id, v_environment.name,
        -- a clone names no commit: it keeps the one that is deployed there when it starts
        case v_purpose when 'clone' then null else v_backup.git_sha end,
        case v_purpose when 'clone' then 'refs/heads/' || v_environment.branch end,
        p_kind => v_purpose::text::ops.run_kind,
        p_trigger => p_trigger, p_requested_by => p_requested_by, p_priority => p_priority,
        p_idempotency_key => p_idempotency_key,
        p_config => coalesce(p_config, '{}') || jsonb_strip_nulls(jsonb_build_object(
            'backup_id', v_backup.id, 'purpose', v_purpose, 'masking_profile', p_masking_profile
        ))
    );
    select s.id into v_id from ops.restores as s where s.run_id = v_run_id;
    if not found then
        v_id := (ops_private.make_restore(v_run_id, v_backup.id, v_purpose)).id;
    end if;
    return v_id;
end
$$;
comment on function ops.restore_backup is 'Asks for a use of a backup and returns its id.';
revoke all on function ops.restore_backup from public;
grant execute on function ops.restore_backup to authenticated, service_role, ops_operator;
grant execute on function ops.restore_backup to sre;
