-- Deletes messages that ended longer ago than their project keeps deliveries (policy ttl.ingest_days), at most p_limit;
-- of what is still told the last message stays, by which a repeat is known. Locks the rows. A retry continues.
create or replace function ops_private.expire_messages(
    p_limit int
)
returns setof ops.expiry
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
with kept as materialized (
    select p.id, clock_timestamp() - make_interval(
        days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'ingest_days')::int
    ) as since
    from (select project.id from ops.projects as project union all select null) as p
), old as materialized (
    select o.id
    from ops.outbox as o
    join kept as k on k.id is not distinct from o.project_id
    where
        o.ended_at < k.since
        and (o.channel = 'forge' or o.state not in ('failed', 'open') or exists (
            select from ops.outbox as n
            where n.channel = o.channel and n.recipient = o.recipient and n.subject = o.subject and n.id > o.id
        ))
    order by o.ended_at
    limit p_limit
), deleted as (
    delete from ops.outbox as o using old
    where o.id = old.id
    returning o.project_id
)
select 'outbox', 'deleted', null::text, d.project_id, count(*), null::text[], null::text
from deleted as d
group by d.project_id
$$;
comment on function ops_private.expire_messages is 'Deletes messages past their time.';
revoke all on function ops_private.expire_messages from public;
