-- Takes the next runs for a worker and returns them in their order, each under a lease and with its next attempt, which is
-- the fencing token: at most one run per environment, by priority, then the projects' turns, then age. p_to is claimed,
-- or running for a worker that starts at once. p_kinds takes only runs of these kinds.
-- Called by every claim. Locks the runs that it takes and skips those that others hold. Raises PT400 for a worker
-- without a name. If two workers take runs of one environment, the unique index stops the later one, which looks again.
create or replace function ops_private.take_runs(
    p_worker_id text,
    p_limit int,
    p_lease_seconds int,
    p_to ops.run_status,
    p_kinds ops.run_kind[] default null
)
returns uuid[]
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_runs uuid[];
    v_count int;
    v_tries int := 0;
begin
    if coalesce(p_worker_id, '') = '' or coalesce(p_lease_seconds, 0) <= 0 then
        raise sqlstate 'PT400' using
            message = 'A claim needs a worker''s name and a lease of at least one second',
            hint = 'Name the worker: select * from ops.claim_runs(p_worker_id => ''worker-1'', ...).';
    end if;
    loop
        begin
            v_runs := array(
                select s.id
                from ops.v_startable_runs as s -- its lock asks again whether the run still waits
                where
                    (p_kinds is null or s.kind = any (p_kinds))
                    and ((select c.unconfirmed_since from ops.control_plane as c) is null or ops_private.acts_unconfirmed(
                        s.kind, (select e.stage from ops.environments as e where e.id = s.environment_id)
                    ))
                order by s.priority desc, s.turn, s.created_at
                limit greatest(p_limit, 0)
                for no key update skip locked
            );
            if v_runs <> '{}' then
                v_count := ops_private.move_runs(
                    v_runs, '{queued}', p_to,
                    case p_to when 'claimed' then 'claimed by ' else 'started by ' end || p_worker_id,
                    case p_to when 'claimed' then '{}' else '{"through": "claimed"}' end::jsonb,
                    p_worker_id => p_worker_id, p_lease_seconds => p_lease_seconds
                );
            end if;
            return v_runs;
        exception when unique_violation then
            v_tries := v_tries + 1;
            if v_tries >= 5 then
                raise;
            end if;
        end;
    end loop;
end
$$;
comment on function ops_private.take_runs is 'Takes the next runs for a worker.';
revoke all on function ops_private.take_runs from public;
