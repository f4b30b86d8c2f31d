-- Returns how many items of each kind a list has. Called by ops.import_upgrade_advisories.
create or replace function ops_private.advisory_counts(p_items jsonb)
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(k.kind, k.count order by k.kind), '{}')
    from (
        select i ->> 'kind' as kind, count(*) as count from jsonb_array_elements(p_items) as i
        where i ->> 'kind' is not null
        group by 1
    ) as k
$$;
comment on function ops_private.advisory_counts is 'Returns how many items of each kind there are.';
revoke all on function ops_private.advisory_counts from public;
