-- Makes the projects of stored pushes due to be asked for their branches, in the order of arrival: a delivery is no
-- proof of what it tells.
-- Called by the github_pushes sensor. Locks the pushes and the projects; pushes that another caller applies are left
-- to it. A retry finds them done.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.apply_pushes(
    p_limit int default 20
)
returns table (delivery_id text, outcome text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_delivery ops.push_deliveries;
begin
    for v_delivery in
        select d.* from ops.push_deliveries as d where d.processed_at is null
        order by d.id limit p_limit for update skip locked
    loop
        delivery_id := v_delivery.delivery_id;
        outcome := ops_private.apply_delivery(v_delivery);
        update ops.push_deliveries as d set processed_at = clock_timestamp(), outcome = apply_pushes.outcome
        where d.id = v_delivery.id;
        return next;
    end loop;
end
$$;
comment on function ops.apply_pushes is 'Acts on stored pushes.';
revoke all on function ops.apply_pushes from public;
grant execute on function ops.apply_pushes to service_role, ops_worker;
