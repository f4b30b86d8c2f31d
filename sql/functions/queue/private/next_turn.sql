-- Returns the turn of a new run: after its project's last waiting run, else its turn among the projects. So projects
-- alternate however many runs each has queued or at work.
-- Called by queue_run and when a run returns to the queue. Locks and raises nothing; two concurrent calls may return
-- the same turn, and then age decides.
create or replace function ops_private.next_turn(
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
begin
    return coalesce(
        (
            select r.turn + 1 from ops.runs as r
            where r.status = 'queued' and r.project_id = p_project_id and r.priority = p_priority
            order by r.turn desc
            limit 1
        ),
        ops_private.turn_among_projects(p_project_id, p_priority),
        1
    );
end
$$;
comment on function ops_private.next_turn is 'The place of a project''s next run among all projects.';
revoke all on function ops_private.next_turn from public;
