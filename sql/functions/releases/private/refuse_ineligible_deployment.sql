-- Refuses an ineligible deployment, from any writer: one that the gates do not allow, or a rollback to
-- anything but the previous release. What its environment serves already, by the run that brought it there, changes
-- nothing and asks no gate. Fired by deployments. Locks the release and its gates, so that no decision changes
-- meanwhile. Raises PT409.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_ineligible_deployment()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.releases as r where r.id = new.release_id for no key update;
    perform from ops.release_gates as g where g.release_id = new.release_id order by g.gate_code for no key update;
    if new.rollback_of is null and new.run_id is not null and exists (
        select from ops.environments as e
        join ops.releases as r on r.id = new.release_id
        where
            e.id = new.environment_id and e.deployed_run_id = new.run_id
            and ops_private.serves_release(e.id, r)
    ) then
        return new;
    elsif new.rollback_of is null then
        perform ops_private.refuse_ineligible(new.release_id, new.stage);
    elsif new.release_id is distinct from ops_private.release_before(new.rollback_of) then
        raise sqlstate 'PT409' using
            message = 'A rollback goes back to the release that was there before, and only from the newest deployment',
            hint = 'Use ops.rollback_deployment on the newest deployment of the environment.';
    end if;
    return new;
end
$$;
comment on function ops_private.refuse_ineligible_deployment is 'Refuses a deployment that the gates do not allow.';
revoke all on function ops_private.refuse_ineligible_deployment from public;
