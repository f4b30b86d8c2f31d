-- Returns the turn of a run whose project has no other waiting run, given the first run that could start now:
-- * one turn before it, if its project has more runs at work: who occupies every worker does not get the next one too;
-- * the next turn in use, if that run already waited when this project's last run started: else projects that queue
--   one run at a time would pass it for ever;
-- * its turn otherwise.
-- Runs that wait for their environment set no turn while others could start.
-- Called by next_turn. Locks and raises nothing; null if nothing waits.
create or replace function ops_private.turn_among_projects(
    p_project_id uuid,
    p_priority int
)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_first record;
    v_last record;
    v_next record;
begin
    select r.project_id, r.turn into v_first from ops.runs as r
    where
        r.status = 'queued' and r.priority = p_priority
        and (r.not_before is null or r.not_before <= clock_timestamp())
        and not exists (
            select from ops.runs as o
            where o.environment_id = r.environment_id and o.status in ('claimed', 'running')
        )
    order by r.turn, r.created_at
    limit 1;
    if not found then
        return (
            select r.turn from ops.runs as r
            where r.status = 'queued' and r.priority = p_priority
            order by r.turn
            limit 1
        );
    end if;
    select r.turn, r.claimed_at into v_last
    from ops.run_requests as q
    join ops.runs as r on r.id = q.run_id and r.priority = p_priority
    where q.project_id = p_project_id
    order by q.run_number desc
    limit 1;
    if v_last.turn >= v_first.turn then
        select r.turn, r.created_at into v_next from ops.runs as r
        where r.status = 'queued' and r.priority = p_priority and r.turn > v_first.turn
        order by r.turn, r.created_at
        limit 1;
        if v_next.turn <= v_last.turn + 1 and v_next.created_at < v_last.claimed_at then
            return v_next.turn;
        end if;
    end if;
    return v_first.turn - (
        select
            (count(*) filter (where r.project_id = v_first.project_id)
                > count(*) filter (where r.project_id = p_project_id))::int
        from ops.runs as r where r.status in ('claimed', 'running')
    );
end
$$;
comment on function ops_private.turn_among_projects is 'The turn of a project''s only waiting run.';
revoke all on function ops_private.turn_among_projects from public;
