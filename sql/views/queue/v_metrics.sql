-- Shows the platform's figures as monitoring reads them: each with its labels, as of now. Counters only grow. No label
-- is a branch, commit, run or person: each value of a label is a series that monitoring keeps for ever.
create view ops.v_metrics
with (security_invoker = true) as
with ended as materialized ( -- once for every figure of ended runs
    select
        r.kind,
        r.status,
        coalesce(r.fault, '') as fault,
        extract(epoch from r.finished_at - r.started_at) as seconds
    from ops.runs as r
    where r.status in ('succeeded', 'failed', 'canceled')
),

productions as materialized (
    select
        f.*,
        drill.rpo_seconds as last_rpo_seconds
    from ops.v_backup_freshness as f
    left join lateral (
        select d.rpo_seconds
        from ops.recovery_drills as d
        join ops.backups as b on b.id = d.backup_id
        where b.environment_id = f.environment_id and d.passed
        order by d.finished_at desc
        limit 1
    ) as drill on true
    where f.stage = 'production'
)

select
    'odooops_runs_total' as metric,
    jsonb_build_object('kind', e.kind, 'result', e.status, 'fault', e.fault) as labels,
    count(*)::double precision as value
from ended as e
group by e.kind, e.status, e.fault
union all
select
    'odooops_run_duration_seconds_bucket' as metric,
    jsonb_build_object('kind', e.kind, 'le', case when b.le = 'Infinity' then '+Inf' else b.le::text end) as labels,
    count(*) filter (where e.seconds <= b.le)::double precision as value
from ended as e
cross join unnest('{5,15,30,60,120,300,600,1800,3600,Infinity}'::double precision[]) as b (le)
where e.seconds is not null
group by e.kind, b.le
union all
select
    'odooops_run_duration_seconds_sum' as metric,
    jsonb_build_object('kind', e.kind) as labels,
    sum(e.seconds)::double precision as value
from ended as e
where e.seconds is not null
group by e.kind
union all
select
    'odooops_queue_runs' as metric,
    jsonb_build_object('state', s.state) as labels,
    count(r.id)::double precision as value
from unnest('{queued,claimed,running}'::ops.run_status[]) as s (state)
left join ops.runs as r on r.status = s.state and r.status in ('queued', 'claimed', 'running')
group by s.state
union all
select
    'odooops_queue_oldest_seconds' as metric,
    '{}' as labels,
    coalesce(extract(epoch from clock_timestamp() - min(r.created_at)), 0)::double precision as value
from ops.runs as r
where r.status = 'queued'
union all
select
    'odooops_workers' as metric,
    jsonb_build_object('state', s.state) as labels,
    count(w.id)::double precision as value
from (values ('live', true), ('stale', false)) as s (state, is_live)
left join ops.workers as w
    on
        (w.last_seen_at > clock_timestamp() - interval '2 minutes') = s.is_live
        and w.last_seen_at > clock_timestamp() - interval '1 day'
group by s.state
union all
select
    'odooops_environments' as metric,
    jsonb_build_object('stage', e.stage, 'status', e.status) as labels,
    count(*)::double precision as value
from ops.environments as e
where e.destroyed_at is null
group by e.stage, e.status
union all
select
    f.metric,
    jsonb_build_object('project', p.project_slug, 'environment', p.environment_name) as labels,
    f.value
from productions as p
cross join
    lateral (
        values
        ('odooops_backup_verified_timestamp_seconds', extract(epoch from p.verified_taken_at)::double precision),
        ('odooops_backup_max_age_seconds', extract(epoch from p.max_age)::double precision),
        ('odooops_backup_stored_bytes', p.stored_bytes::double precision),
        ('odooops_backups_kept', p.kept_backups::double precision),
        ('odooops_drill_success_timestamp_seconds', extract(epoch from p.last_passed_drill_at)::double precision),
        ('odooops_drill_rto_seconds', p.last_rto_seconds::double precision),
        ('odooops_drill_rpo_seconds', p.last_rpo_seconds::double precision)
    ) as f (metric, value)
where f.value is not null
union all
select
    'odooops_platform_backup_timestamp_seconds' as metric,
    '{}' as labels,
    extract(epoch from c.backed_up_at)::double precision as value
from ops.control_plane as c
where c.backed_up_at is not null
union all
select
    'odooops_release_gates' as metric,
    jsonb_build_object('gate', g.gate_code, 'status', g.status) as labels,
    count(*)::double precision as value
from ops.release_gates as g
join ops.releases as r on r.id = g.release_id
where r.status in ('candidate', 'staging')
group by g.gate_code, g.status
union all
select
    'odooops_exceptions_active' as metric,
    jsonb_build_object('break_glass', s.is_break_glass) as labels,
    count(x.exception_id)::double precision as value
from (values (true), (false)) as s (is_break_glass)
left join ops.v_exception_status as x on x.is_break_glass = s.is_break_glass and x.status = 'active'
group by s.is_break_glass
union all
select
    'odooops_incidents_open' as metric,
    jsonb_build_object('severity', v.severity, 'alarm', a.is_alarm) as labels,
    count(i.id)::double precision as value
from unnest(enum_range(null::ops.incident_severity)) as v (severity)
cross join (values (true), (false)) as a (is_alarm)
left join ops.incidents as i
    on i.status = 'open' and i.severity = v.severity and (i.key is not null) = a.is_alarm
group by v.severity, a.is_alarm
union all
select
    'odooops_outbox_messages' as metric,
    jsonb_build_object('channel', c.channel, 'status', s.status) as labels,
    count(o.id)::double precision as value
from unnest('{forge,mail,webhook,apprise}'::text[]) as c (channel)
cross join unnest('{waiting,dead}'::ops.message_status[]) as s (status)
left join ops.outbox as o on o.channel = c.channel and o.status = s.status
group by c.channel, s.status
union all
select
    'odooops_outbox_oldest_seconds' as metric,
    '{}' as labels,
    coalesce(extract(epoch from clock_timestamp() - min(o.created_at)), 0)::double precision as value
from ops.outbox as o
where o.status = 'waiting'
union all
select
    'odooops_webhook_deliveries_total' as metric,
    jsonb_build_object('outcome', coalesce(d.outcome, 'accepted')) as labels,
    count(*)::double precision as value
from ops.push_deliveries as d
group by coalesce(d.outcome, 'accepted');
comment on view ops.v_metrics is 'The platform''s figures as of now, for monitoring.';
comment on column ops.v_metrics.metric is 'The figure''s name, as Prometheus has names.';
comment on column ops.v_metrics.labels is 'Of what it is the figure.';
comment on column ops.v_metrics.value is 'The figure: a number, seconds, bytes, or seconds since 1970.';
revoke all on ops.v_metrics from public, anon;
grant select on ops.v_metrics to service_role, ops_worker, ops_operator;
grant select on ops.v_metrics to audit_reader;
