-- Returns the project's retention run that waits or works, or null. Called by queue_run. Locks the project's counter, so
-- that two requests at once queue one run. Raises nothing.
create or replace function ops_private.unfinished_retention(
    p_project_id uuid
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
    return (
        select u.id from (
            select r.id from ops.runs as r
            where r.project_id = p_project_id and r.kind = 'retention' and r.status = 'queued'
            union all
            select r.id from ops.runs as r
            where r.project_id = p_project_id and r.kind = 'retention' and r.status in ('claimed', 'running')
        ) as u
        limit 1
    );
end
$$;
comment on function ops_private.unfinished_retention is 'The retention run of a project that has not ended.';
revoke all on function ops_private.unfinished_retention from public;
