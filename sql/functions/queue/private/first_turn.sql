-- Returns the turn of the first waiting run, for a run that returns to the queue: it goes before all later runs of its
-- priority. Locks and raises nothing.
create or replace function ops_private.first_turn(
    p_priority int,
    p_turn bigint
)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return coalesce(
        (
            select r.turn from ops.runs as r
            where r.status = 'queued' and r.priority = p_priority
            order by r.turn
            limit 1
        ),
        p_turn
    );
end
$$;
comment on function ops_private.first_turn is 'The turn at the front of the queue.';
revoke all on function ops_private.first_turn from public;
