-- Drops the months of log lines that no project keeps any longer. Locks ops.run_logs for the moment of the drop. A
-- retry finds them gone.
create or replace function ops_private.expire_log_months()
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_cutoff timestamptz := clock_timestamp() - make_interval(days => ops_private.longest_ttl('log_days'));
    v_part record;
    v_count bigint;
begin
    for v_part in
        select * from ops.list_partitions('run_logs') as p where p.held_until <= v_cutoff
    loop
        execute format('lock table ops.%I in share row exclusive mode', v_part.partition_name);
        execute format('select count(*) from ops.%I', v_part.partition_name) into v_count;
        execute format('drop table ops.%I', v_part.partition_name);
        return next row(
            'run_logs', 'dropped', to_char(v_part.held_until - interval '1 month', 'YYYY-MM'), null, v_count, null,
            v_part.partition_name
        )::ops.expiry;
    end loop;
end
$$;
comment on function ops_private.expire_log_months is 'Drops the months of log lines that no project keeps.';
revoke all on function ops_private.expire_log_months from public;
