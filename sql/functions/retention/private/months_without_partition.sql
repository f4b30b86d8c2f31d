-- Lists the months without a partition: this one, the next ones, and those of rows in the default partition that are
-- not older than the longest retention. Locks and raises nothing.
create or replace function ops_private.months_without_partition(
    p_table text,
    p_column text,
    p_months_ahead int
)
returns setof timestamptz
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    return query execute format(
        $query$
        select m.month
        from (
            select g.month
            from generate_series(
                date_trunc('month', $1), date_trunc('month', $1) + make_interval(months => $2), interval '1 month'
            ) as g (month)
            union
            select date_trunc('month', d.%2$I)
            from ops.%1$I as d
            where d.%2$I >= $1 - interval '3650 days' and d.%2$I < $1 + make_interval(months => $2)
        ) as m
        where not exists (
            select from ops.list_partitions(%3$L) as p
            where coalesce(p.held_from, '-infinity') <= m.month and p.held_until > m.month
        )
        order by m.month
        $query$, p_table || '_default', p_column, p_table
    ) using v_now, p_months_ahead;
end
$$;
comment on function ops_private.months_without_partition is 'The months that lack a partition.';
revoke all on function ops_private.months_without_partition from public;
