-- Lists the runs whose ids come after p_after, oldest first and at most p_limit, and those of p_open, each with whether it
-- has ended. An id begins with the time of its creation. Called by the sensor that exports traces. Locks and raises
-- nothing.
create or replace function ops.list_runs_since(
    p_after uuid,
    p_open uuid[],
    p_limit int
)
returns table (id uuid, created_at timestamptz, is_ended boolean)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    with later as (
        select r.id from ops.runs as r where r.id > p_after order by r.id limit p_limit
    )
    select r.id, r.created_at, r.finished_at is not null as is_ended
    from ops.runs as r
    where r.id = any (array(select l.id from later as l) || p_open)
    order by r.id;
$$;
comment on function ops.list_runs_since is 'The runs after an id and those of a list, each with whether it has ended.';
revoke all on function ops.list_runs_since from public;
grant execute on function ops.list_runs_since to service_role, ops_worker;
