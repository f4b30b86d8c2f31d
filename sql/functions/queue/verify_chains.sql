-- Lists the chains of the audit trail, each with the number of its links and the names of those that are not exactly
-- what was written: the events of each run, and, without a project, the checkpoints of dropped months, whose p_anchor
-- is the hash of one that was recorded elsewhere.
-- Called by `ops audit verify` and auditors. Locks and raises nothing.
create or replace function ops.verify_chains(
    p_project_id uuid default null,
    p_anchor text default null
)
returns table (chain text, links bigint, broken text[])
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    'events of runs', coalesce(sum(d.event_count), 0)::bigint,
    coalesce(
        array_agg(format('%s#%s', d.slug, d.run_number) order by d.slug, d.run_number) filter (where not d.is_intact), '{}'
    )
from (
    select p.slug, q.run_number, r.event_count, ops.verify_run_chain(r.id) as is_intact
    from ops.runs as r
    join ops.run_requests as q on q.run_id = r.id
    join ops.projects as p on p.id = r.project_id
    where p_project_id is null or r.project_id = p_project_id
) as d
union all
select 'checkpoints', count(*), case when not ops.verify_checkpoints(p_anchor) then '{checkpoints}'::text[] else '{}' end
from ops.checkpoints
where p_project_id is null
having p_project_id is null
$$;
comment on function ops.verify_chains is 'The chains of the audit trail, and what in them is not as it was written.';
revoke all on function ops.verify_chains from public;
grant execute on function ops.verify_chains to service_role, ops_operator, audit_reader;
