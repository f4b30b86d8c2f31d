-- Returns those of the given runs that are on the record. Called by the janitor and before a database is dropped. Locks
-- and raises nothing.
create or replace function ops.known_runs(
    p_run_ids uuid[]
)
returns setof uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select r.id from ops.runs as r where r.id = any (p_run_ids);
$$;
comment on function ops.known_runs is 'Those of the runs that are on the record.';
revoke all on function ops.known_runs from public;
grant execute on function ops.known_runs to service_role, ops_worker, ops_operator;
