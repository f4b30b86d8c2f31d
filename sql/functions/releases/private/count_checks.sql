-- Returns the verdict of a gate's checks and the checks it is based on: failed if a required one failed, passed if
-- all of them passed, else pending. The newest result of each check counts, by when it happened, then by when it was
-- recorded: a result that comes late overrules no newer one. What is recorded after p_until does not count. A skipped
-- check stays open. If no check is required by name, all reported ones are; the others that failed are named beside a
-- required one that did.
-- Locks and raises nothing.
create or replace function ops_private.count_checks(
    p_gate_id uuid,
    p_required text[],
    p_deployment_id uuid default null,
    p_until timestamptz default null
)
returns table (verdict ops.ops_gate_status, reason text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with latest as (
    select distinct on (c.name)
        c.name,
        c.status
    from ops.gate_checks as c
    where
        c.gate_id = p_gate_id
        and (p_deployment_id is null or c.deployment_id = p_deployment_id)
        and (p_until is null or c.created_at <= p_until)
    order by c.name, c.occurred_at desc, c.created_at desc, c.id desc
), wanted as (
    select n.name from unnest(p_required) as n (name)
    union all
    select l.name from latest as l where cardinality(p_required) = 0
), named as (
    select
        string_agg(w.name, ', ' order by w.name) filter (where l.status = 'failed') as failed,
        string_agg(w.name, ', ' order by w.name) filter (where l.status is null or l.status = 'skipped') as open,
        string_agg(w.name, ', ' order by w.name) filter (where l.status = 'passed') as passed,
        (
            select string_agg(o.name, ', ' order by o.name) from latest as o
            where o.status = 'failed' and o.name not in (select m.name from wanted as m)
        ) as failed_besides
    from wanted as w
    left join latest as l on l.name = w.name
)
select
    (case
        when n.failed is not null then 'failed'
        when n.open is null and n.passed is not null then 'passed'
        else 'pending'
    end)::ops.ops_gate_status,
    coalesce(
        'by ' || n.failed || coalesce(format(' (%s failed)', n.failed_besides), ''),
        'waits for ' || n.open,
        'by ' || n.passed,
        'waits for a first check'
    )
from named as n
$$;
comment on function ops_private.count_checks is 'The verdict of a gate''s checks, and which ones it is based on.';
revoke all on function ops_private.count_checks from public;
