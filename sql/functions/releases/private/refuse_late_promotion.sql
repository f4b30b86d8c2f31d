-- Refuses to start a promotion that the gates allowed when it was asked for and do not allow any more: an exception
-- ended, or a freeze began, while it waited. Fired by deployments that start, for any writer; a rollback is never
-- late. Locks the release and its gates, so that no decision changes meanwhile. Raises PT409.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_late_promotion()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.releases as r where r.id = new.release_id for no key update;
    perform from ops.release_gates as g where g.release_id = new.release_id order by g.gate_code for no key update;
    perform ops_private.refuse_ineligible(new.release_id, new.stage);
    return new;
end
$$;
comment on function ops_private.refuse_late_promotion is
'Refuses to start a promotion that the gates do not allow any more.';
revoke all on function ops_private.refuse_late_promotion from public;
