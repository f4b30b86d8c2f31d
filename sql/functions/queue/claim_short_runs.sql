-- Gives a worker the next runs that remove, stop or start an environment, as long as fewer than p_at_once of them are at
-- work: they are short, and wait behind no build.
-- Called by the ops_queue sensor, before claim_runs. Locks, raises and retries like claim_runs.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_short_runs(
    p_worker_id text,
    p_at_once int,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_runs uuid[];
    v_kinds ops.run_kind[] := array(select k.kind from ops.run_kinds() as k where k.effect in ('remove', 'serve'));
begin
    -- The usual case, answered by an index that holds no deployments.
    if not exists (
        select from ops.runs as r where r.status = 'queued' and r.kind <> 'deploy' and r.kind = any (v_kinds)
    ) then
        return;
    end if;
    v_runs := ops_private.take_runs(
        p_worker_id,
        p_at_once - (
            select count(*)::int from ops.runs as r
            where r.status in ('claimed', 'running') and r.kind = any (v_kinds)
        ),
        p_lease_seconds, 'claimed', p_kinds => v_kinds
    );
    return query
    select d.* from ops.v_run_details as d where d.id = any (v_runs) order by array_position(v_runs, d.id);
end
$$;
comment on function ops.claim_short_runs is 'Claimed runs that remove, stop or start environments.';
revoke all on function ops.claim_short_runs from public;
grant execute on function ops.claim_short_runs to service_role, ops_worker;
