-- Adds one log line and returns its id. Called by workers. Locks the run's log. Raises PT404
-- and PT410. A retry adds the line again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.append_run_log(
    p_run_id uuid,
    p_level ops.log_level,
    p_message text,
    p_metadata jsonb default '{}',
    p_attempt int default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_id bigint;
begin
    perform ops_private.lock_run_log(p_run_id);
    insert into ops.run_logs (run_id, attempt, level, message, metadata)
    values (
        p_run_id, ops_private.require_attempt(p_run_id, p_attempt), p_level, p_message, coalesce(p_metadata, '{}')
    )
    returning id into v_id;
    return v_id;
end
$$;
comment on function ops.append_run_log is 'Adds a log line.';
revoke all on function ops.append_run_log from public;
grant execute on function ops.append_run_log to service_role, ops_worker;
