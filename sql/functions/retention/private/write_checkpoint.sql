-- Records the end of the chain of every run with events before that time, and seals all of it over the month before.
-- Called by expire_event_month, under expire_rows' lock, after the chains were verified. Raises what the server raises.
create or replace function ops_private.write_checkpoint(
    p_until timestamptz
)
returns ops.checkpoints
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_checkpoint ops.checkpoints;
begin
    with gone as materialized (
        select e.run_id, max(e.seq) as last_seq from ops.run_events as e where e.created_at < p_until group by e.run_id
    ), former as (
        select distinct on (c.run_id) c.run_id, c.last_seq, c.hash
        from ops.run_checkpoints as c
        join gone as g on g.run_id = c.run_id
        order by c.run_id, c.last_seq desc
    ), sealed as materialized (
        select
            g.run_id, g.last_seq, e.hash as last_hash, g.last_seq - coalesce(f.last_seq, 0) as event_count,
            coalesce(f.hash, '\x') as prev_hash,
            ops.seal_content(coalesce(f.hash, '\x'), jsonb_build_array(
                g.run_id, g.last_seq, encode(e.hash, 'hex'), g.last_seq - coalesce(f.last_seq, 0)
            )) as hash
        from gone as g
        join ops.run_events as e on e.run_id = g.run_id and e.seq = g.last_seq
        left join former as f on f.run_id = g.run_id
    ), latest as (
        select coalesce((select c.hash from ops.checkpoints as c order by c.id desc limit 1), '\x') as hash
    ), month as (
        select
            count(*)::int as run_count, coalesce(sum(s.event_count), 0)::bigint as event_count,
            sha256(coalesce(string_agg(s.hash, '\x' order by s.run_id), '\x')) as root
        from sealed as s
    ), checkpoint as (
        insert into ops.checkpoints (events_before, run_count, event_count, root, created_at, prev_hash, hash)
        select
            p_until, m.run_count, m.event_count, m.root, v_now, l.hash,
            ops.seal_content(l.hash, jsonb_build_array(
                extract(epoch from p_until), m.run_count, m.event_count, encode(m.root, 'hex'), extract(epoch from v_now)
            ))
        from month as m, latest as l
        returning *
    ), noted as (
        insert into ops.run_checkpoints (run_id, last_seq, last_hash, event_count, checkpoint_id, prev_hash, hash)
        select s.run_id, s.last_seq, s.last_hash, s.event_count, c.id, s.prev_hash, s.hash
        from sealed as s, checkpoint as c
    )
    select c.* into v_checkpoint from checkpoint as c;
    return v_checkpoint;
end
$$;
comment on function ops_private.write_checkpoint is 'Writes down where the chains stood before a month was dropped.';
revoke all on function ops_private.write_checkpoint from public;
