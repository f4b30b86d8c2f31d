-- Returns whether the checkpoints are exactly those that were written: each month sealed over the one before, with all
-- of its runs. p_anchor is the hash of a checkpoint recorded elsewhere (the log of the schedule log_retention has
-- them): it must still exist, so that a completely rewritten history is detected.
-- Called by auditors. Locks and raises nothing.
create or replace function ops.verify_checkpoints(
    p_anchor text default null
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_checkpoint ops.checkpoints;
    v_runs record;
    v_hash bytea := '\x';
begin
    for v_checkpoint in select c.* from ops.checkpoints as c order by c.id loop
        select
            count(*) as run_count, coalesce(sum(r.event_count), 0) as event_count,
            sha256(coalesce(string_agg(r.hash, '\x' order by r.run_id), '\x')) as root,
            coalesce(bool_and(r.hash = ops.seal_content(r.prev_hash, jsonb_build_array(
                r.run_id, r.last_seq, encode(r.last_hash, 'hex'), r.event_count
            ))), true) as are_sealed
        into v_runs
        from ops.run_checkpoints as r
        where r.checkpoint_id = v_checkpoint.id;
        if v_checkpoint.prev_hash <> v_hash or not v_runs.are_sealed or v_runs.root <> v_checkpoint.root
            or v_runs.run_count <> v_checkpoint.run_count or v_runs.event_count <> v_checkpoint.event_count then
            return false;
        end if;
        v_hash := ops.seal_content(v_hash, jsonb_build_array(
            extract(epoch from v_checkpoint.events_before), v_checkpoint.run_count, v_checkpoint.event_count,
            encode(v_checkpoint.root, 'hex'), extract(epoch from v_checkpoint.created_at)
        ));
        if v_hash <> v_checkpoint.hash then
            return false;
        end if;
    end loop;
    return p_anchor is null or exists (select from ops.checkpoints as c where encode(c.hash, 'hex') = lower(p_anchor));
end
$$;
comment on function ops.verify_checkpoints is 'Whether the checkpoints are exactly those that were written.';
revoke all on function ops.verify_checkpoints from public;
grant execute on function ops.verify_checkpoints to service_role, ops_worker, ops_operator, audit_reader;
