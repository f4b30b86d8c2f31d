-- Lists the waiting runs that a worker may take now: those whose pause is over, at most one per environment and none of
-- an environment on which a run works. A claim takes them in the order of priority, turn and age.
create view ops.v_startable_runs
with (security_invoker = true) as
select
    r.id,
    r.priority,
    r.turn,
    r.created_at,
    r.kind,
    r.environment_id
from ops.runs as r
where
    r.status = 'queued'
    and (r.not_before is null or r.not_before <= clock_timestamp())
    and (
        r.environment_id is null
        or not exists (
            select from ops.runs as o
            where
                o.environment_id = r.environment_id
                and o.status in ('queued', 'claimed', 'running')
                and (
                    o.status <> 'queued'
                    or (-o.priority, o.turn, o.created_at, o.id) < (-r.priority, r.turn, r.created_at, r.id)
                )
        )
    );
comment on view ops.v_startable_runs is 'Waiting runs that a worker may take now.';
revoke all on ops.v_startable_runs from public, anon;
grant select on ops.v_startable_runs to audit_reader, service_role, ops_worker, ops_operator;
