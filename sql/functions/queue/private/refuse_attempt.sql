-- Refuses a worker that does not own the run: PT404 for an unknown run, PT410 for a lost attempt.
-- Called by every fenced RPC whose statement found no row.
create or replace function ops_private.refuse_attempt(
    p_run_id uuid,
    p_attempt int
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    raise sqlstate 'PT410' using
        message = format('Attempt %s of run #%s is over', p_attempt, v_run.run_number),
        detail = format(
            'The run is %s at attempt %s%s.', v_run.status, v_run.attempt, coalesce(', held by ' || v_run.claimed_by, '')
        ),
        hint = 'Stop the work: whatever this attempt writes is refused.';
end
$$;
comment on function ops_private.refuse_attempt is 'Tells a worker that its attempt is over.';
revoke all on function ops_private.refuse_attempt from public;
