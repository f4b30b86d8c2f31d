-- Requests that the project's retention policy is applied to its backups, and returns the run that does it: the
-- unfinished one if there is one.
-- Called by people who may back up, and by queue_due_retention. Locks the project's counter. Raises PT404, PT403, and
-- PT409 as queue_run does. A retry returns the run that waits.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.apply_retention(
    project_id uuid,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return ops.queue_run(
        apply_retention.project_id, null, null, null, p_kind => 'retention', p_trigger => p_trigger,
        p_requested_by => p_requested_by, p_idempotency_key => p_idempotency_key
    );
end
$$;
comment on function ops.apply_retention is 'Asks for a run that applies a project''s backup retention.';
revoke all on function ops.apply_retention from public;
grant execute on function ops.apply_retention to authenticated, service_role, ops_operator;
grant execute on function ops.apply_retention to sre;
