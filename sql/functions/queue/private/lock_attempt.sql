-- Returns the run if this is its current attempt and it is at work, and locks its row, so that an attempt that was
-- given up cannot write. Called by functions that record backups and restores. Raises PT404 and PT410.
create or replace function ops_private.lock_attempt(
    p_run_id uuid,
    p_attempt int
)
returns ops.runs
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    select r.* into v_run from ops.runs as r
    where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running'
    for no key update;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    return v_run;
end
$$;
comment on function ops_private.lock_attempt is 'The run whose current attempt this is.';
revoke all on function ops_private.lock_attempt from public;
