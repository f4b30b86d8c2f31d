-- Ends the current attempt of a run with the given status: succeeded, failed or canceled.
-- Called by the operator's scripts, which hold no attempt. Locks the run's row.
-- Raises PT404, PT400 for another status, PT409 if the run is not at work. Repeating it does nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.finish_run(
    run_id uuid,
    status text
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    if coalesce(finish_run.status, '') not in ('succeeded', 'failed', 'canceled') then
        raise sqlstate 'PT400' using
            message = format('A run cannot end as %s', coalesce(finish_run.status, 'null')),
            hint = 'End it as succeeded, failed or canceled.';
    end if;
    select r.* into v_run from ops.runs as r where r.id = finish_run.run_id for no key update;
    if not found then
        perform ops_private.refuse_attempt(finish_run.run_id, null);
    end if;
    if v_run.status::text = finish_run.status then
        return v_run.status;
    end if;
    if not ops_private.end_run(
        v_run.id, v_run.attempt, finish_run.status::ops.run_status,
        case finish_run.status when 'succeeded' then 0 when 'failed' then 1 end, null,
        p_fault => case finish_run.status when 'failed' then 'project' end
    ) then
        raise sqlstate 'PT409' using
            message = format('Run #%s is %s and cannot become %s', v_run.run_number, v_run.status, finish_run.status),
            hint = 'Only a run at work can be ended; cancel a queued one with ops.cancel_run.';
    end if;
    return finish_run.status::ops.run_status;
end
$$;
comment on function ops.finish_run is 'Ends a run by hand.';
revoke all on function ops.finish_run from public;
grant execute on function ops.finish_run to service_role, ops_worker;
