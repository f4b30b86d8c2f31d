-- Counts the claimed and running runs, so that no more runs are claimed than there is room for. Called by the ops_queue
-- sensor. Locks and raises nothing.
create or replace function ops.active_counts()
returns table (active int)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select count(*)::int from ops.runs as r where r.status in ('claimed', 'running');
end
$$;
comment on function ops.active_counts is 'How many runs are at work.';
revoke all on function ops.active_counts from public;
grant execute on function ops.active_counts to service_role, ops_worker, ops_operator;
