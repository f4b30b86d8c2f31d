-- Returns the runs that claim_runs would return, without claiming them. Called by dry runs of the sensor.
-- Locks and raises nothing.
create or replace function ops.peek_runs(
    p_limit int
)
returns setof ops.run_details
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return query
    select d.*
    from (
        select s.* from ops.v_startable_runs as s
        order by s.priority desc, s.turn, s.created_at
        limit greatest(p_limit, 0)
    ) as s
    join ops.v_run_details as d on d.id = s.id
    order by s.priority desc, s.turn, s.created_at;
end
$$;
comment on function ops.peek_runs is 'The runs that the next claim would give.';
revoke all on function ops.peek_runs from public;
grant execute on function ops.peek_runs to service_role, ops_worker;
