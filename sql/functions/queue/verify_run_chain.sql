-- Returns whether the run's events are exactly those that were written: numbered without a gap, each sealed over the
-- one before, and the last one is the one in the run's row. If months of events were dropped, it starts from the run's
-- checkpoint. Called by auditors and tests; people may call it for runs they can see. Locks nothing; raises PT404.
create or replace function ops.verify_run_chain(
    p_run_id uuid
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run record;
    v_checkpoint ops.run_checkpoints;
    v_sealed bytea := '\x';
    v_event ops.run_events;
    v_hash bytea := '';
    v_seq int := 0;
begin
    select r.event_count, r.event_hash into v_run from ops.runs as r where r.id = p_run_id;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    for v_checkpoint in select c.* from ops.run_checkpoints as c where c.run_id = p_run_id order by c.last_seq loop
        if v_checkpoint.prev_hash <> v_sealed or v_checkpoint.event_count <> v_checkpoint.last_seq - v_seq then
            return false;
        end if;
        v_seq := v_checkpoint.last_seq;
        v_hash := v_checkpoint.last_hash;
        v_sealed := ops.seal_content(v_sealed, jsonb_build_array(
            p_run_id, v_seq, encode(v_hash, 'hex'), v_checkpoint.event_count
        ));
        if v_sealed <> v_checkpoint.hash then
            return false;
        end if;
    end loop;
    for v_event in select e.* from ops.run_events as e where e.run_id = p_run_id order by e.seq loop
        v_seq := v_seq + 1;
        if v_event.seq <> v_seq or v_event.prev_hash <> v_hash then
            return false;
        end if;
        v_hash := ops.hash_event(
            v_event.prev_hash, v_event.run_id, v_event.seq, v_event.attempt, v_event.event_type, v_event.message,
            v_event.payload, v_event.created_at
        );
        if v_hash <> v_event.hash then
            return false;
        end if;
    end loop;
    return v_seq = v_run.event_count and v_hash = v_run.event_hash;
end
$$;
comment on function ops.verify_run_chain is 'Whether a run''s events are exactly those that were written.';
revoke all on function ops.verify_run_chain from public;
grant execute on function ops.verify_run_chain to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.verify_run_chain
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
