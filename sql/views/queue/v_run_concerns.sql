-- Lists runs with what depends on them: unfinished data work, an alarm of the platform's faults, a release's gates, and a
-- forge or people who are told. Read for one run, by functions that queue or end it, and by auditors, who read all there is.
create view ops.v_run_concerns
with (security_invoker = true) as
select
    r.id as run_id,
    r.moves_data,
    a.alarm_key,
    coalesce(
        r.fault = 'platform',
        r.status = 'succeeded'
        and exists (
            select from ops.incidents as i
            where i.key = a.alarm_key and i.status = 'open'
        )
    ) as changes_alarm,
    r.kind in ('build', 'test', 'deploy')
    and exists (
        select from ops.releases as o
        where o.project_id = r.project_id and o.git_ref = r.git_ref
    ) as has_release,
    exists (
        select from ops.project_forges as f
        where f.project_id = r.project_id
    )
    or exists (
        select from ops.notification_rules as n
        where 'run' = any(n.events)
    ) as is_told
from ops.runs as r
cross join lateral (values (format('fault:%s:%s', r.kind, r.project_id))) as a (alarm_key);
comment on view ops.v_run_concerns is 'What depends on a run: data work, an alarm, gates, a forge and people.';
comment on column ops.v_run_concerns.run_id is 'The run.';
comment on column ops.v_run_concerns.moves_data is 'Whether its data work may be unfinished.';
comment on column ops.v_run_concerns.alarm_key is 'The key of the alarm of the platform''s faults in runs like it.';
comment on column ops.v_run_concerns.changes_alarm is 'Whether its end may open or close that alarm.';
comment on column ops.v_run_concerns.has_release is 'Whether gates may wait for it.';
comment on column ops.v_run_concerns.is_told is 'Whether a forge or people are told of it.';
revoke all on ops.v_run_concerns from public, anon;
grant select on ops.v_run_concerns to audit_reader;
