-- Turns stored pushes into branch heads, environments and runs, in the order of arrival. A push that cannot be applied
-- records the reason and does not block the others.
-- Called by the github_pushes sensor. One caller at a time: a second one gets no rows. A retry finds them done.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.apply_pushes(
    p_limit int default 20
)
returns table (delivery_id text, outcome text, run_id uuid)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_delivery ops.push_deliveries;
    v_outcome text;
begin
    -- The lock on the oldest push is the turn: only a writer can lock a row, but any login can take an advisory lock.
    begin
        perform from ops.push_deliveries as d where d.processed_at is null order by d.id limit 1 for update nowait;
    exception when lock_not_available then
        return;
    end;
    for v_delivery in
        select d.* from ops.push_deliveries as d where d.processed_at is null order by d.id limit p_limit
    loop
        begin
            delivery_id := v_delivery.delivery_id;
            v_outcome := 'unknown_project';
            for outcome, run_id in select a.outcome, a.run_id from ops_private.apply_delivery(v_delivery) as a loop
                v_outcome := outcome;
                return next;
            end loop;
            update ops.push_deliveries as d set processed_at = clock_timestamp(), outcome = v_outcome
            where d.id = v_delivery.id;
        exception
            when serialization_failure or deadlock_detected or query_canceled or lock_not_available then raise;
            when others then
                update ops.push_deliveries as d
                set processed_at = clock_timestamp(), outcome = 'error', error = sqlerrm
                where d.id = v_delivery.id;
                outcome := 'error';
                run_id := null;
                return next;
        end;
    end loop;
end
$$;
comment on function ops.apply_pushes is 'Acts on stored pushes.';
revoke all on function ops.apply_pushes from public;
grant execute on function ops.apply_pushes to service_role, ops_worker;
