-- Lists the partitions of a table of events or log lines with the time range of each; the first one has no lower bound,
-- the default one has no range.
-- Called by ensure_partitions and the expiry. Locks and raises nothing.
create or replace function ops.list_partitions(
    p_table text
)
returns table (
    partition_name text,
    held_from timestamptz,
    held_until timestamptz
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    return query
    select
        c.relname::text,
        (b.bound ->> 0)::timestamptz, (b.bound ->> 1)::timestamptz
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    left join lateral (
        select to_jsonb(regexp_match(
            pg_get_expr(c.relpartbound, c.oid), 'FROM \((?:MINVALUE|''(.+)'')\) TO \(''(.+)''\)'
        )) as bound
    ) as b on true
    where i.inhparent = format('ops.%I', p_table)::regclass
    order by 3 nulls last;
end
$$;
comment on function ops.list_partitions is 'The partitions of a table and the time each holds.';
revoke all on function ops.list_partitions from public;
grant execute on function ops.list_partitions to service_role, ops_worker;
