-- Cancels the environment's older waiting runs that a newer one makes unnecessary. Locks the rows that it cancels.
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
as $$
declare
    v_old uuid;
begin
    for v_old in
        select r.id from ops.runs as r
        join ops.runs as n on n.id = p_run_id
        where
            r.environment_id = p_environment_id and r.status = 'queued' and r.run_number < p_run_number
            and ops_private.does_all_of(n, r)
        order by r.run_number
    loop
        perform ops_private.end_queued_run(v_old, format('superseded by #%s', p_run_number));
    end loop;
end
$$;
comment on function ops_private.supersede_runs is 'Cancels older waiting runs of an environment.';
revoke all on function ops_private.supersede_runs from public;
