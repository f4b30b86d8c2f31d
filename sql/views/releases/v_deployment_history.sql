-- Lists the deployments: what was deployed where, when and by whom, the result, and its rollback.
create view ops.v_deployment_history
with (security_invoker = true) as
select
    d.project_id,
    p.slug as project_slug,
    d.id as deployment_id,
    d.release_id,
    r.version,
    d.stage,
    d.environment_id,
    e.name as environment_name,
    d.status,
    case
        when d.g4_status = 'pending' and d.g4_deadline_at < ops.right_now() then 'failed'
        else d.g4_status
    end as g4_status,
    d.g4_deadline_at,
    d.decision_due_at,
    d.kept_by,
    d.image_digest,
    d.git_shas,
    d.requested_by,
    d.reason,
    d.rollback_of,
    taken_back.version as rollback_of_version,
    d.rollback_of is not null as is_rollback,
    undone.id as rolled_back_by,
    before.release_id as replaced_release_id,
    before.version as replaced_version,
    d.backup_id,
    d.no_backup_reason,
    d.created_at - b.taken_at as backup_age,
    (
        select count(*) from ops.incidents as i
        where i.deployment_id = d.id
    ) as incident_count,
    d.run_id,
    d.created_at,
    d.started_at,
    d.finished_at,
    d.finished_at - d.started_at as duration,
    d.phases,
    (
        select s.seconds from ops.seconds_of_phases(d.phases) as s
        where s.phase = 'downtime'
    ) as downtime_seconds,
    predicted.median_seconds as predicted_downtime_seconds,
    predicted.worst_seconds as predicted_worst_seconds
from ops.deployments as d
join ops.projects as p on p.id = d.project_id
join ops.releases as r on r.id = d.release_id
left join ops.environments as e on e.id = d.environment_id
left join ops.backups as b on b.id = d.backup_id
left join lateral (
    select s.version
    from ops.deployments as o
    join ops.releases as s on s.id = o.release_id
    where o.id = d.rollback_of
) as taken_back on true
left join lateral (
    select o.id from ops.deployments as o
    where o.rollback_of = d.id and o.project_id = d.project_id and o.stage = d.stage and o.status <> 'failed'
    order by o.created_at desc
    limit 1
) as undone on true
left join lateral (
    select
        o.release_id,
        s.version
    from ops.deployments as o
    join ops.releases as s on s.id = o.release_id
    where
        o.project_id = d.project_id and o.stage = d.stage and o.status = 'succeeded'
        and o.environment_id is not distinct from d.environment_id
        -- those told by events follow each other as they began, not as they were told
        and (least(o.started_at, o.created_at), o.created_at, o.id)
        < (least(d.started_at, d.created_at), d.created_at, d.id)
    order by least(o.started_at, o.created_at) desc, o.created_at desc, o.id desc
    limit 1
) as before on true
left join lateral (
    -- what was known when it was asked for
    select
        round(percentile_cont(0.5) within group (order by s.seconds)::numeric, 3) as median_seconds,
        max(s.seconds) as worst_seconds
    from ops.rehearsals as h
    cross join lateral ops.seconds_of_phases(h.phases) as s
    where
        h.release_id = d.release_id and h.environment_id = d.environment_id and h.passed
        and h.finished_at <= d.created_at and s.phase = 'downtime' and d.rollback_of is null
) as predicted on true;
comment on view ops.v_deployment_history is
'Deployments and rollbacks, with what each replaced and whether it proved its health.';
comment on column ops.v_deployment_history.g4_status is 'As of now: what is pending when its window closed has failed.';
comment on column ops.v_deployment_history.replaced_version is 'The release that was there before.';
comment on column ops.v_deployment_history.backup_age is 'How old the backup was to which one could have gone back.';
comment on column ops.v_deployment_history.rollback_of_version is 'The release that this rollback took back.';
comment on column ops.v_deployment_history.is_rollback is 'Whether it took another deployment back.';
comment on column ops.v_deployment_history.rolled_back_by is 'The deployment that took this one back, if one did.';
comment on column ops.v_deployment_history.replaced_release_id is 'The release that was there before.';
comment on column ops.v_deployment_history.incident_count is 'How many incidents it caused.';
comment on column ops.v_deployment_history.duration is 'How long it took; empty until it ended.';
comment on column ops.v_deployment_history.phases is 'Seconds of each phase.';
comment on column ops.v_deployment_history.downtime_seconds is 'For how long nobody could work.';
comment on column ops.v_deployment_history.predicted_downtime_seconds is
'The median of the rehearsals before it; null where there was none.';
comment on column ops.v_deployment_history.predicted_worst_seconds is 'The longest of these rehearsals.';
revoke all on ops.v_deployment_history from public, anon;
grant select on ops.v_deployment_history to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_deployment_history
to qa_tester, release_manager, sre, developer, audit_reader;
