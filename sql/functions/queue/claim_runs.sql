-- Gives a worker the next runs, at most one per environment: ordered by priority, then the projects' turns, then age.
-- Called by the ops_queue sensor and any other worker. Locks the claimed runs and skips those that others hold.
-- Raises PT400 for a worker without a name. If the answer is lost, the runs return to the queue when the lease ends. If
-- two workers claim runs of one environment, the unique index stops the later one, which looks again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_runs(
    p_worker_id text,
    p_limit int,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_lease timestamptz := v_now + make_interval(secs => p_lease_seconds);
    v_payload jsonb := jsonb_build_object('from', 'queued', 'to', 'claimed', 'worker', p_worker_id);
    v_message text := 'claimed by ' || p_worker_id;
    v_tries int := 0;
begin
    if coalesce(p_worker_id, '') = '' or coalesce(p_lease_seconds, 0) <= 0 then
        raise sqlstate 'PT400' using
            message = 'A claim needs a worker''s name and a lease of at least one second',
            hint = 'Name the worker: select * from ops.claim_runs(p_worker_id => ''worker-1'', ...).';
    end if;
    loop
        begin
            return query
            with was as materialized (
                select r.id, r.attempt + 1 as attempt, r.event_count + 1 as seq, r.event_hash as prev_hash
                from ops.runs as r
                where
                    r.status = 'queued'
                    and (r.not_before is null or r.not_before <= v_now)
                    and (
                        r.environment_id is null
                        or not exists (
                            select from ops.runs as o
                            where
                                o.environment_id = r.environment_id
                                and o.status in ('queued', 'claimed', 'running')
                                and (
                                    o.status <> 'queued'
                                    or (-o.priority, o.turn, o.created_at, o.id)
                                    < (-r.priority, r.turn, r.created_at, r.id)
                                )
                        )
                    )
                order by r.priority desc, r.turn, r.created_at
                limit greatest(p_limit, 0)
                for no key update of r skip locked
            ), moved as (
                update ops.runs as r
                set status = 'claimed', attempt = was.attempt, claimed_by = p_worker_id, claimed_at = v_now,
                    lease_expires_at = v_lease, event_count = was.seq,
                    event_hash = ops.hash_event(
                        was.prev_hash, was.id, was.seq, was.attempt, 'state_change', v_message, v_payload, v_now
                    )
                from was
                where r.id = was.id
                returning r.*, was.prev_hash
            ), event as (
                insert into ops.run_events (
                    run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash
                )
                select
                    m.id, m.event_count, m.attempt, 'state_change', v_message, v_payload, v_now, m.prev_hash,
                    m.event_hash
                from moved as m
            )
            select
                m.id, m.project_id, p.slug, m.environment_id, e.partition_key, m.run_number, m.kind, m.status, m.trigger,
                q.requested_by, m.git_ref, m.git_sha, m.priority, m.attempt, m.max_attempts, m.claimed_by, m.dagster_run_id,
                q.config, m.exit_code, m.error_message, q.retry_of, m.created_at, m.claimed_at, m.started_at,
                m.finished_at, m.cancel_requested_at, m.lease_expires_at
            from moved as m
            join ops.run_requests as q on q.run_id = m.id
            join ops.projects as p on p.id = m.project_id
            left join ops.environments as e on e.id = m.environment_id
            order by m.priority desc, m.turn, m.created_at; -- sorting also ends every write before the first row leaves
            return;
        exception when unique_violation then
            v_tries := v_tries + 1;
            if v_tries >= 5 then
                raise;
            end if;
        end;
    end loop;
end
$$;
comment on function ops.claim_runs is 'Claimed runs, each under a lease that ends by itself.';
revoke all on function ops.claim_runs from public;
grant execute on function ops.claim_runs to service_role, ops_worker;
