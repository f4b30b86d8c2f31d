-- Creates the partition of one month and moves its rows there from the default partition.
-- Called by ensure_partitions, under its lock. Locks the default partition. Raises what the server raises.
create or replace function ops_private.make_partition(
    p_table text,
    p_column text,
    p_month timestamptz
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_name text := p_table || to_char(p_month, '_YYYY_MM');
    v_default text := p_table || '_default';
    v_until timestamptz := p_month + interval '1 month';
begin
    execute format('create table ops.%I (like ops.%I including defaults including constraints)', v_name, p_table);
    execute format('lock table ops.%I in access exclusive mode', v_default);
    -- rows move from one partition to another: nothing is removed from the record
    execute format('alter table ops.%I disable trigger user', v_default);
    execute format(
        'with late as (delete from ops.%1$I as d where d.%2$I >= %3$L and d.%2$I < %4$L returning d.*)'
        ' insert into ops.%5$I select l.* from late as l', v_default, p_column, p_month, v_until, v_name
    );
    execute format('alter table ops.%I enable trigger user', v_default);
    execute format(
        'alter table ops.%I attach partition ops.%I for values from (%L) to (%L)', p_table, v_name, p_month, v_until
    );
    return v_name;
end
$$;
comment on function ops_private.make_partition is 'Makes the partition of one month.';
revoke all on function ops_private.make_partition from public;
