-- Rolls back the code of deployments whose health is inconclusive and about which nobody decided in time, and returns
-- the new deployments. Data never go back by themselves: people were let in. One that cannot go back, or whose rollback
-- was tried, is left to the people who are asked.
-- Called by the platform's clock. Locks what rollback_deployment locks, one project after the other. Raises nothing:
-- PT409 is such a refusal. A retry finds nothing left to do.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.roll_back_undecided()
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_undecided record;
begin
    if ops.is_unconfirmed() then
        return;
    end if;
    for v_undecided in
        select d.id, d.decision_due_at from ops.deployments as d
        where
            d.decision_due_at <= clock_timestamp() and d.kept_at is null and d.g4_status = 'inconclusive'
            and ops_private.release_before(d.id) is not null
            -- Time that ran out before a person confirmed a restored record: what was decided then is not on it.
            and not exists (select from ops.control_plane as c where c.confirmed_at >= d.decision_due_at)
            and not exists (select from ops.deployments as k where k.rollback_of = d.id)
        order by d.decision_due_at
    loop
        begin
            return next ops.rollback_deployment(
                v_undecided.id, format('its health was inconclusive, and nobody decided by %s', to_char(
                    v_undecided.decision_due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
                ))
            );
        exception when sqlstate 'PT409' then
            continue;
        end;
    end loop;
end
$$;
comment on function ops.roll_back_undecided is 'Rolls back what nobody decided about in time.';
revoke all on function ops.roll_back_undecided from public;
grant execute on function ops.roll_back_undecided to service_role, ops_worker;
