-- Lists the runs of an environment since a moment, the newest first, at most p_limit of them, for the logs in a backup.
-- Called by the step `backup`. Locks and raises nothing.
create or replace function ops.list_logged_runs(
    p_environment_id uuid,
    p_since timestamptz,
    p_limit int default 1000
)
returns table (
    run_id uuid,
    run_number bigint,
    kind ops.run_kind,
    created_at timestamptz,
    finished_at timestamptz
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    -- the newest ones first, by the requests' index, so that a long history is not scanned
    with newest as (
        select q.run_id as id, q.run_number as number
        from ops.run_requests as q
        where q.environment_id = p_environment_id
        order by q.run_number desc
        limit p_limit
    )

    select r.id, n.number, r.kind, r.created_at, r.finished_at
    from newest as n
    join ops.runs as r on r.id = n.id
    where r.created_at >= p_since
    order by n.number desc;
end
$$;
comment on function ops.list_logged_runs is 'The runs of an environment since a moment, whose logs a backup holds.';
revoke all on function ops.list_logged_runs from public;
grant execute on function ops.list_logged_runs to service_role, ops_worker, ops_operator;
