-- Cancels the environment's older waiting runs that a newer one makes unnecessary; a newer one that removes the
-- environment also asks them to end where they work: nobody needs their result. Locks the rows that it changes.
-- A retry is harmless.
create or replace function ops_private.supersede_runs(
    p_environment_id uuid,
    p_run_id uuid,
    p_run_number bigint
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- else the planner sees the value of v_waiting
as $$
declare
    v_old uuid;
    -- No literal: an index of all waiting runs would be read for those of one environment.
    v_waiting constant ops.run_status := 'queued';
begin
    for v_old in
        select r.id from ops.runs as r
        join ops.runs as n on n.id = p_run_id
        where
            r.environment_id = p_environment_id and r.status in ('queued', 'claimed', 'running')
            and r.status = v_waiting and r.run_number < p_run_number
            and ops_private.does_all_of(n, r)
        order by r.run_number
    loop
        perform ops_private.end_queued_run(v_old, format('superseded by #%s', p_run_number));
    end loop;
    for v_old in
        select r.id from ops.runs as r
        join ops.runs as n on n.id = p_run_id and n.kind = 'destroy'
        where
            r.environment_id = p_environment_id and r.status in ('claimed', 'running') and r.kind <> 'destroy'
            and ops_private.does_all_of(n, r)
    loop
        perform ops_private.ask_to_end(v_old, format('superseded by #%s', p_run_number));
    end loop;
end
$$;
comment on function ops_private.supersede_runs is 'Cancels older waiting runs of an environment.';
revoke all on function ops_private.supersede_runs from public;
