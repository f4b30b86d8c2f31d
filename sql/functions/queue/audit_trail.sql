-- Lists everything on the record of a project, or without one of all, oldest first: events of runs with their seals,
-- decisions, answers to checks, exceptions, deployments, evidence, deliveries of events, incidents; of all also changes
-- of tools, which belong to no project. An entry is the row; an event of a run has besides the text over which its hash
-- is, so that a reader can compare without this database.
-- Called by `ops audit export` and auditors. Locks and raises nothing.
create or replace function ops.audit_trail(p_project_id uuid default null)
returns table (kind text, recorded_at timestamptz, entry jsonb)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select t.kind, t.recorded_at, t.entry
from (
    select
        'run_event' as kind, e.created_at as recorded_at,
        to_jsonb(e) || jsonb_build_object('sealed', jsonb_build_array( -- as ops.hash_event has it
            e.run_id, e.seq, e.attempt, e.event_type, e.message, e.payload, extract(epoch from e.created_at)
        )::text) as entry
    from ops.run_requests as q
    join ops.run_events as e on e.run_id = q.run_id
    where p_project_id is null or q.project_id = p_project_id
    union all
    select 'release', r.created_at, to_jsonb(r) from ops.releases as r where p_project_id is null or r.project_id = p_project_id
    union all
    select 'gate_check', c.created_at, to_jsonb(c)
    from ops.releases as r
    join ops.release_gates as g on g.release_id = r.id
    join ops.gate_checks as c on c.gate_id = g.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'approval', a.created_at, to_jsonb(a)
    from ops.releases as r
    join ops.approvals as a on a.release_id = r.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'exception', x.created_at, to_jsonb(x)
    from ops.releases as r
    join ops.exceptions as x on x.release_id = r.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'evidence', e.created_at, to_jsonb(e)
    from ops.releases as r
    join ops.evidence_artifacts as e on e.release_id = r.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'deployment', d.created_at, to_jsonb(d) from ops.deployments as d where p_project_id is null or d.project_id = p_project_id
    union all
    select 'delivery', l.received_at, to_jsonb(l) from ops.event_ingest_log as l where p_project_id is null or l.project_id = p_project_id
    union all
    select 'environment_event', e.created_at, to_jsonb(e)
    from ops.environment_events as e where p_project_id is null or e.project_id = p_project_id
    union all
    select 'incident', i.opened_at, to_jsonb(i) from ops.incidents as i where p_project_id is null or i.project_id = p_project_id
    union all
    select 'tool_change', c.changed_at, to_jsonb(c) from ops.tool_changes as c where p_project_id is null
) as t
order by t.recorded_at, t.kind, (t.entry ->> 'seq')::int, t.entry ->> 'id'
$$;
comment on function ops.audit_trail is 'Everything on the record of a project, or of all.';
revoke all on function ops.audit_trail from public;
grant execute on function ops.audit_trail to service_role, ops_operator, audit_reader;
