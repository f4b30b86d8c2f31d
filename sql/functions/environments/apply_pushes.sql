-- Turns stored pushes into branch heads, environments and runs, in the order of arrival. A push that cannot be applied
-- records the reason and does not block the others. A push whose project another session holds is left for a later call,
-- with all that came after it from its repository.
-- Called by the github_pushes sensor and the gateway. One caller at a time: a second one gets no rows. Raises nothing:
-- PT503 of queue_run means later, too. A retry finds them done.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.apply_pushes(
    p_limit int default 20
)
returns table (delivery_id text, outcome text, run_id uuid)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '500ms' -- a forge gives up after ten seconds, and the others wait
as $$
#variable_conflict use_column
declare
    v_delivery ops.push_deliveries;
    v_outcomes text[];
    v_runs uuid[];
    v_later text[] := '{}';
begin
    -- The lock on the oldest push is the turn: only a writer can lock a row, but any login can take an advisory lock.
    begin
        perform from ops.push_deliveries as d where d.processed_at is null order by d.id limit 1 for update nowait;
    exception when lock_not_available then
        return;
    end;
    for v_count in 1 .. p_limit loop
        select d.* into v_delivery from ops.push_deliveries as d
        where d.processed_at is null and ops.normalise_repo_url(d.repo_url) <> all (v_later)
        order by d.id limit 1;
        exit when not found;
        begin
            select array_agg(a.outcome order by a.n), array_agg(a.run_id order by a.n) into v_outcomes, v_runs
            from ops_private.apply_delivery(v_delivery) with ordinality as a (outcome, run_id, n);
            update ops.push_deliveries as d
            set processed_at = clock_timestamp(),
                outcome = coalesce(v_outcomes[cardinality(v_outcomes)], 'unknown_project')
            where d.id = v_delivery.id;
        exception
            when lock_not_available or sqlstate 'PT503' then
                v_later := v_later || ops.normalise_repo_url(v_delivery.repo_url);
                continue;
            when serialization_failure or deadlock_detected or query_canceled then raise;
            when others then
                update ops.push_deliveries as d
                set processed_at = clock_timestamp(), outcome = 'error', error = sqlerrm
                where d.id = v_delivery.id;
                v_outcomes := '{error}';
                v_runs := array[null::uuid];
        end;
        return query
        select v_delivery.delivery_id, a.outcome, a.run_id from unnest(v_outcomes, v_runs) as a (outcome, run_id);
    end loop;
end
$$;
comment on function ops.apply_pushes is 'Acts on stored pushes.';
revoke all on function ops.apply_pushes from public;
grant execute on function ops.apply_pushes to service_role, ops_worker;
