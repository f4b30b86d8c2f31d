-- Deletes the rows of ops.mails that are older than their project's retention, at most p_limit. Called by
-- expire_rows. Locks the rows. Raises nothing. A retry continues.
create or replace function ops_private.expire_mails(p_limit int)
returns setof ops.expiry
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
with kept as materialized (
    select
        p.id,
        clock_timestamp() - make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'mail_days')::int) as since
    from ops.projects as p
), old as materialized (
    select t.id
    from ops.mails as t
    join kept as k on k.id = t.project_id
    where t.received_at < k.since
    limit p_limit
), deleted as (
    delete from ops.mails as t using old
    where t.id = old.id
    returning t.project_id
)
select 'mails', 'deleted', null::text, d.project_id, count(*), null::text[], null::text
from deleted as d
group by d.project_id
$$;
comment on function ops_private.expire_mails is 'Deletes the rows of ops.mails that are past their time.';
revoke all on function ops_private.expire_mails from public;
