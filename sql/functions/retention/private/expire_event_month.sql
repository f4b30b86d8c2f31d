-- Drops the oldest month of events once no project keeps it any longer, at most one per call, after writing its
-- checkpoint. A month with a broken chain of a run is kept and named: it is evidence. Locks the month, and
-- ops.run_events for the moment of the drop. A retry finds it gone.
create or replace function ops_private.expire_event_month()
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_cutoff timestamptz := clock_timestamp() - make_interval(days => ops_private.longest_ttl('event_days'));
    v_part record;
    v_broken uuid;
    v_checkpoint ops.checkpoints;
begin
    select p.*, to_char(p.held_until - interval '1 month', 'YYYY-MM') as month into v_part
    from ops.list_partitions('run_events') as p
    where p.held_until <= v_cutoff
    order by p.held_until
    limit 1;
    if not found then
        return;
    end if;
    execute format('lock table ops.%I in share row exclusive mode', v_part.partition_name);
    v_broken := ops_private.last_broken_run(v_part.held_until);
    if v_broken is not null then
        return next row(
            'run_events', 'kept', v_part.month, null, 0, null, format('the chain of run %s is broken', v_broken)
        )::ops.expiry;
        return;
    end if;
    v_checkpoint := ops_private.write_checkpoint(v_part.held_until);
    execute format('drop table ops.%I', v_part.partition_name);
    perform ops_private.remove_checkpointed_events(v_checkpoint.id);
    return next row(
        'run_events', 'dropped', v_part.month, null, v_checkpoint.event_count, null,
        'checkpoint ' || encode(v_checkpoint.hash, 'hex')
    )::ops.expiry;
end
$$;
comment on function ops_private.expire_event_month is 'Drops the oldest month of events, checkpointed.';
revoke all on function ops_private.expire_event_month from public;
