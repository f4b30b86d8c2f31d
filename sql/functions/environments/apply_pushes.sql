-- Acts on stored pushes, in the order of arrival: projects become due to be asked for their branches, because a delivery
-- is no proof of what it tells; tags are built. A push that cannot be applied records the reason and does not block the
-- others. A push whose project another session holds is left for a later call, with all that came after it from its
-- repository.
-- Called by the github_pushes sensor. Locks the pushes and the projects; pushes that another caller applies are left
-- to it. Raises nothing: PT503 of queue_run means later, too. A retry finds them done.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.apply_pushes(
    p_limit int default 20
)
returns table (delivery_id text, outcome text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '500ms' -- a forge gives up after ten seconds, and the others wait
as $$
#variable_conflict use_column
declare
    v_delivery ops.push_deliveries;
    v_later text[] := '{}';
begin
    if ops.is_unconfirmed() then
        return;
    end if;
    for v_count in 1 .. p_limit loop
        select d.* into v_delivery from ops.push_deliveries as d
        where d.processed_at is null and ops.normalise_repo_url(d.repo_url) <> all (v_later)
        order by d.id limit 1 for update skip locked;
        exit when not found;
        begin
            outcome := ops_private.apply_delivery(v_delivery);
            update ops.push_deliveries as d set processed_at = clock_timestamp(), outcome = apply_pushes.outcome
            where d.id = v_delivery.id;
        exception
            when lock_not_available or sqlstate 'PT503' then
                v_later := v_later || ops.normalise_repo_url(v_delivery.repo_url);
                continue;
            when serialization_failure or deadlock_detected or query_canceled then raise;
            when others then
                outcome := 'error';
                update ops.push_deliveries as d
                set processed_at = clock_timestamp(), outcome = 'error', error = sqlerrm
                where d.id = v_delivery.id;
        end;
        delivery_id := v_delivery.delivery_id;
        return next;
    end loop;
end
$$;
comment on function ops.apply_pushes is 'Acts on stored pushes.';
revoke all on function ops.apply_pushes from public;
grant execute on function ops.apply_pushes to service_role, ops_worker;
