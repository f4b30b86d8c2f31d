-- Requests a backup of a living environment and returns its id; the run that makes it waits in the queue. p_workflow_id
-- is the workflow that asks for it.
-- Called by people who may back up, and by the platform. Locks the project's counter, as queue_run does. Raises PT404
-- for an unknown project or environment, PT403, PT409 as queue_run does.
-- Repeating it with the same idempotency key returns the same backup.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.create_backup(
    project_id uuid,
    env text,
    p_label text default null,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api',
    p_priority int default 0,
    p_config jsonb default '{}',
    p_workflow_id uuid default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_environment ops.environments;
    v_run_id uuid;
    v_id uuid;
begin
    perform ops_private.require_run(create_backup.project_id, 'backup');
    v_environment := ops_private.living_environment(create_backup.project_id, env);
    v_run_id := ops.queue_run(
        create_backup.project_id, v_environment.name, v_environment.deployed_sha, null, p_kind => 'backup',
        p_trigger => p_trigger, p_requested_by => p_requested_by, p_priority => p_priority,
        p_idempotency_key => p_idempotency_key,
        p_config => coalesce(p_config, '{}') || jsonb_strip_nulls(jsonb_build_object('label', p_label)),
        p_workflow_id => p_workflow_id
    );
    select b.id into v_id from ops.backups as b where b.run_id = v_run_id;
    if not found then
        v_id := (ops_private.make_backup(v_run_id)).id;
    end if;
    return v_id;
end
$$;
comment on function ops.create_backup is 'Asks for a backup and returns its id.';
revoke all on function ops.create_backup from public;
grant execute on function ops.create_backup to authenticated, service_role, ops_operator;
grant execute on function ops.create_backup to sre;
