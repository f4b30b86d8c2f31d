-- Returns the runs whose ids end with one of these hexadecimal digits, which a template's name contains.
-- Called by the janitor, only for templates without a mark: it reads every run. Locks and raises nothing.
create or replace function ops.runs_ending_with(
    p_ends text[]
)
returns table (id uuid, ending text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select r.id, e.ending
    from ops.runs as r
    join unnest(p_ends) as e (ending) on right(replace(r.id::text, '-', ''), length(e.ending)) = e.ending;
$$;
comment on function ops.runs_ending_with is 'Runs by the end of their ids.';
revoke all on function ops.runs_ending_with from public;
grant execute on function ops.runs_ending_with to service_role, ops_worker;
