-- Creates the missing partitions of months of events and log lines in advance, and returns the partitions created.
-- Called after every migration and by the job log_retention. Only one caller at a time, including an expiry; with
-- nothing to create it waits only for other callers, else it gives up with 55P03 rather than block writers. A retry
-- creates the rest.
-- Definer: partitions belong to the owner of their table.
create or replace function ops.ensure_partitions(
    p_months_ahead int default 3
)
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
    v_table record;
    v_month timestamptz;
    v_name text;
begin
    lock table ops.checkpoints in share row exclusive mode; -- one at a time
    for v_table in
        select * from (
            values ('run_events', 'created_at'), ('run_logs', 'timestamp')
        ) as t (name, place)
    loop
        for v_month in
            select m.month
            from ops_private.months_without_partition(v_table.name, v_table.place, p_months_ahead) as m (month)
        loop
            return next ops_private.make_partition(v_table.name, v_table.place, v_month);
        end loop;
        for v_name in
            select p.partition_name from ops.list_partitions(v_table.name) as p
            where not exists (
                select from pg_catalog.pg_policy as own
                where own.polrelid = format('ops.%I', p.partition_name)::regclass
            )
        loop
            perform ops_private.seal_partition(v_name);
        end loop;
    end loop;
end
$$;
comment on function ops.ensure_partitions is 'Makes the months that events and log lines will need.';
revoke all on function ops.ensure_partitions from public;
grant execute on function ops.ensure_partitions to service_role, ops_worker;
