-- Returns the turn of the project's first waiting run that a poll queued, for a person's run, and moves those runs back
-- by one turn: somebody waits for the person's run. Other projects keep their places. A run that is being claimed or
-- that has been claimed before stays where it is.
-- Called by queue_run. Locks the project's counter and those runs; raises nothing; null if no such run waits.
create or replace function ops_private.turn_before_polled(
    p_project_id uuid,
    p_priority int
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_turn bigint;
begin
    if not exists (
        select from ops.runs as r
        where r.status = 'queued' and r.trigger = 'poll' and r.project_id = p_project_id and r.priority = p_priority
    ) then
        return null;
    end if;
    perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
    with polled as materialized (
        select r.id, r.turn from ops.runs as r
        where
            r.status = 'queued' and r.trigger = 'poll' and r.project_id = p_project_id and r.priority = p_priority
            and r.attempt = 0
        for no key update of r skip locked
    ), moved as (
        update ops.runs as r set turn = r.turn + 1
        from polled as p
        where r.id = p.id
    )
    select min(p.turn) into v_turn from polled as p;
    return v_turn;
end
$$;
comment on function ops_private.turn_before_polled is 'The turn before the project''s polled runs.';
revoke all on function ops_private.turn_before_polled from public;
