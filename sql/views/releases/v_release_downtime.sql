-- Shows what each phase of a release's promotion to production takes: predicted by its rehearsals, and as it was.
-- Without a rehearsal that passed there is no prediction.
create view ops.v_release_downtime
with (security_invoker = true) as
select
    r.project_id,
    r.id as release_id,
    r.version,
    f.phase,
    f.phase_number,
    p.median_seconds,
    p.worst_seconds,
    coalesce(p.rehearsal_count, 0) as rehearsal_count,
    a.seconds as real_seconds,
    a.deployment_id
from ops.releases as r
cross join unnest('{backup,copy,update,health,start,downtime}'::text[]) with ordinality as f (phase, phase_number)
left join lateral (
    select
        round(percentile_cont(0.5) within group (order by s.seconds)::numeric, 3) as median_seconds,
        max(s.seconds) as worst_seconds,
        count(*) as rehearsal_count
    from ops.rehearsals as h
    cross join lateral ops.seconds_of_phases(h.phases) as s
    where h.release_id = r.id and h.passed and s.phase = f.phase
    having count(*) > 0
) as p on true
left join lateral (
    select
        s.seconds,
        d.id as deployment_id
    from ops.deployments as d
    cross join lateral ops.seconds_of_phases(d.phases) as s
    where
        d.release_id = r.id and d.stage = 'production' and d.status = 'succeeded' and d.rollback_of is null
        and s.phase = f.phase
    order by d.created_at desc, d.id desc
    limit 1
) as a on true
where p.rehearsal_count is not null or a.seconds is not null;
comment on view ops.v_release_downtime is 'What promotions take by phase: predicted by rehearsals, and as it was.';
comment on column ops.v_release_downtime.phase is
'backup, copy, update, health, start; downtime is when nobody can work.';
comment on column ops.v_release_downtime.phase_number is 'The order of the phases.';
comment on column ops.v_release_downtime.median_seconds is 'The median of the release''s rehearsals; null without one.';
comment on column ops.v_release_downtime.worst_seconds is 'The longest of its rehearsals.';
comment on column ops.v_release_downtime.rehearsal_count is 'The number of rehearsals that passed and had this phase.';
comment on column ops.v_release_downtime.real_seconds is 'What it took in the newest promotion to production.';
comment on column ops.v_release_downtime.deployment_id is 'That promotion.';
revoke all on ops.v_release_downtime from public, anon;
grant select on ops.v_release_downtime to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_release_downtime
to qa_tester, release_manager, sre, developer, audit_reader;
