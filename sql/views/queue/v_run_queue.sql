-- Lists the waiting runs in claim order, with the reason why each waits: the answer to "why does my run not start?".
create view ops.v_run_queue
with (security_invoker = true) as
with past as materialized ( -- once for each project and kind, not for each run
    select
        q.project_id,
        q.kind,
        ops.usual_duration(q.project_id, q.kind) as usual_duration
    from (
        select distinct
            w.project_id,
            w.kind
        from ops.runs as w
        where w.status = 'queued'
    ) as q
),

worker as materialized (
    select ops.worker_to_wait_for() as waits_for
)

select
    row_number() over (order by r.priority desc, r.turn asc, r.created_at asc) as "position",
    r.id as run_id,
    p.slug as project_slug,
    r.run_number,
    r.kind,
    e.partition_key,
    r.git_sha,
    r.priority,
    r.attempt,
    clock_timestamp() - r.created_at as age,
    case
        when working.run_number is not null then format('run #%s, which works on the environment', working.run_number)
        when ahead.run_number is not null then format('run #%s, which waits for the environment too', ahead.run_number)
        when last_event.message is not null
            then format(
                'its next try, at %s UTC (%s)', to_char(r.not_before at time zone 'UTC', 'HH24:MI:SS'),
                regexp_replace(last_event.message, '^queued: ', '')
            )
        else worker.waits_for
    end as waits_for,
    past.usual_duration
from ops.runs as r
join ops.projects as p on p.id = r.project_id
join past on past.project_id = r.project_id and past.kind = r.kind
cross join worker
left join ops.environments as e on e.id = r.environment_id
left join ops.runs as working
    on working.environment_id = r.environment_id and working.status in ('claimed', 'running')
left join lateral (
    select o.run_number
    from ops.runs as o
    where
        o.environment_id = r.environment_id and o.status = 'queued'
        and (-o.priority, o.turn, o.created_at, o.id) < (-r.priority, r.turn, r.created_at, r.id)
    order by o.priority desc, o.turn asc, o.created_at asc
    limit 1
) as ahead on true
left join lateral (
    select v.message
    from ops.run_events as v
    where v.run_id = r.id and v.seq = r.event_count and r.not_before > clock_timestamp()
) as last_event on true
where r.status = 'queued';
comment on view ops.v_run_queue is 'Waiting runs in the order in which they will be claimed.';
comment on column ops.v_run_queue."position" is 'Place in the queue, as far as the reader sees it.';
comment on column ops.v_run_queue.waits_for is 'What must happen before the run can start.';
comment on column ops.v_run_queue.age is 'How long it has waited.';
comment on column ops.v_run_queue.usual_duration is
'How long its project''s last successful runs of this kind worked, as a median; empty without a past.';
revoke all on ops.v_run_queue from public, anon;
grant select on ops.v_run_queue to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_run_queue
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
