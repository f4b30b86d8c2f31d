-- Returns the next state of a run whose attempt is given up: canceled if a cancel was requested; queued while attempts
-- are left, at once if its work had started and after a pause if not; else failed. A run from Dagster that never
-- started fails: the queue would start its whole job and not the selected assets. Locks and raises nothing.
create or replace function ops_private.after_attempt(
    p_run ops.runs,
    p_now timestamptz
)
returns table (next_status ops.run_status, not_before timestamptz, in_vain int)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pause interval;
begin
    if (p_run).status = 'claimed' then
        in_vain := (p_run).attempt - (p_run).starts;
        v_pause := ops_private.pause_before_launch(in_vain);
    end if;
    if (p_run).cancel_requested_at is not null then
        next_status := 'canceled';
    elsif (p_run).status = 'running' then
        next_status := case when (p_run).starts < (p_run).max_attempts then 'queued' else 'failed' end;
    elsif v_pause is null or (p_run).trigger = 'dagster_ui' then
        next_status := 'failed';
    else
        next_status := 'queued';
        not_before := p_now + v_pause;
    end if;
    return next;
end
$$;
comment on function ops_private.after_attempt is 'What becomes of a run whose attempt is given up.';
revoke all on function ops_private.after_attempt from public;
