-- Ends an attempt, not necessarily its run: the run returns to the front of the queue while attempts are left, else it
-- fails; it is canceled if a cancel was requested or a newer push of the environment already waits. A run whose work
-- had not started waits longer each time; when it is given up, an incident is opened. Locks the run's row; returns
-- nothing if the attempt is already over.
create or replace function ops_private.release_attempt(
    p_run_id uuid,
    p_attempt int,
    p_reason text,
    p_only_expired boolean
)
returns ops.run_status
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_run ops.runs;
    v_next record;
begin
    select r.* into v_run from ops.runs as r
    where
        r.id = p_run_id and r.attempt = p_attempt and r.status in ('claimed', 'running')
        and (not p_only_expired or r.lease_expires_at < v_now)
    for no key update;
    select a.* into v_next from ops_private.after_attempt(v_run, v_now) as a;
    if v_run.id is null or ops_private.move_runs(
        array[p_run_id], array[v_run.status], v_next.next_status, format('%s: %s', v_next.next_status, p_reason),
        jsonb_build_object('reason', p_reason),
        p_error_message => case
            when v_next.next_status = 'queued' then null
            when v_next.next_status = 'failed' and v_next.in_vain > 1
                then format('could not be started, %s times in vain: %s', v_next.in_vain, p_reason)
            else p_reason
        end,
        p_not_before => v_next.not_before, p_is_lease_lost => true
    ) = 0 then
        return null;
    end if;
    if v_next.next_status = 'failed' and v_next.in_vain > 1 then
        perform ops_private.open_incident_of_launches(p_run_id);
    end if;
    if v_next.next_status = 'queued' and ops_private.cancel_if_superseded(p_run_id) then
        return 'canceled';
    elsif v_next.next_status in ('failed', 'canceled') then
        perform ops_private.settle_end(p_run_id, p_reason);
    end if;
    return v_next.next_status;
end
$$;
comment on function ops_private.release_attempt is 'Ends an attempt: the run is queued again, failed or canceled.';
revoke all on function ops_private.release_attempt from public;
