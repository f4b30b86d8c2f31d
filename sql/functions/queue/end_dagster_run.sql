-- Ends the run of a Dagster run if the run's process did not do so: the second writer. Returns whether it ended one.
-- Called by the reconciler. Locks the run's row; a retry finds nothing to end. Raises PT400 for
-- a status that is no end. A success of a run that never started is a failure: its work cannot have been done. A
-- failure of one is a failed launch: the run returns to the queue.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.end_dagster_run(
    p_dagster_run_id text,
    p_status ops.run_status,
    p_error_message text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
    v_status ops.run_status := p_status;
    v_error text := p_error_message;
begin
    if p_status is null or p_status not in ('succeeded', 'failed', 'canceled') then
        raise sqlstate 'PT400' using
            message = format('A run cannot end as %s', coalesce(p_status::text, 'null')),
            hint = 'End it as succeeded, failed or canceled.';
    end if;
    select r.* into v_run from ops.runs as r
    where r.dagster_run_id = p_dagster_run_id and r.status in ('claimed', 'running')
    for no key update;
    if not found then
        return false;
    end if;
    if v_run.status = 'claimed' and v_status = 'succeeded' then
        v_status := 'failed';
        v_error := 'Dagster ended the run before it was started';
    elsif v_run.status = 'claimed' and v_status = 'failed' and v_run.trigger <> 'dagster_ui' then
        return ops_private.release_attempt(
            v_run.id, v_run.attempt, coalesce(v_error, 'Dagster could not start it'), false
        ) is not null;
    end if;
    return ops_private.end_run(
        v_run.id, v_run.attempt, v_status,
        case v_status when 'succeeded' then 0 when 'failed' then 1 end, v_error, null, p_dagster_run_id,
        case v_status when 'failed' then 'platform' end
    );
end
$$;
comment on function ops.end_dagster_run is 'Ends the run of a Dagster run whose process did not end it.';
revoke all on function ops.end_dagster_run from public;
grant execute on function ops.end_dagster_run to service_role, ops_worker;
