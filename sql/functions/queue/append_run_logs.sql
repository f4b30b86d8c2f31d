-- Adds log lines in their order and returns the count; the input is an array of {level, message, metadata,
-- logged_at}. Called by workers, a batch at a time. Locks the run's log. Raises PT400 if the input is no array, PT404 and PT410. A retry
-- adds the lines again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.append_run_logs(
    p_run_id uuid,
    p_attempt int,
    p_lines jsonb
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := ops_private.require_attempt(p_run_id, p_attempt);
    v_count int;
begin
    if jsonb_typeof(p_lines) is distinct from 'array' then
        raise sqlstate 'PT400' using
            message = 'Log lines come as an array',
            hint = 'Pass [{"level": "info", "message": "...", "metadata": {}, "logged_at": "..."}].';
    end if;
    perform ops_private.lock_run_log(p_run_id);
    insert into ops.run_logs (run_id, attempt, level, message, metadata, timestamp)
    select
        p_run_id, v_attempt, coalesce(l.line ->> 'level', 'info')::ops.log_level, coalesce(l.line ->> 'message', ''),
        coalesce(l.line -> 'metadata', '{}'), coalesce((l.line ->> 'logged_at')::timestamptz, clock_timestamp())
    from jsonb_array_elements(p_lines) with ordinality as l (line, place)
    order by l.place;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.append_run_logs is 'Adds log lines.';
revoke all on function ops.append_run_logs from public;
grant execute on function ops.append_run_logs to service_role, ops_worker;
