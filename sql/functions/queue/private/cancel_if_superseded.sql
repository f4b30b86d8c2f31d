-- Cancels a waiting run that a newer waiting run of its environment makes unnecessary, and returns whether it did.
-- Called when an attempt is released: a push meanwhile could not cancel a run at work. Locks the run's row.
create or replace function ops_private.cancel_if_superseded(
    p_run_id uuid
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_newer bigint;
begin
    select max(n.run_number) into v_newer
    from ops.runs as r
    join ops.runs as n
        on n.environment_id = r.environment_id and n.status = 'queued' and n.run_number > r.run_number
    where r.id = p_run_id and ops_private.does_all_of(n, r);
    return v_newer is not null and ops_private.end_queued_run(p_run_id, format('superseded by #%s', v_newer));
end
$$;
comment on function ops_private.cancel_if_superseded is 'Cancels a waiting run that a newer one makes unnecessary.';
revoke all on function ops_private.cancel_if_superseded from public;
