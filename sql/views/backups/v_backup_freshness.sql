-- Shows how much data would be lost now: per environment that is or was to be backed up, the age of the newest verified
-- backup.
create view ops.v_backup_freshness
with (security_invoker = true) as
select
    e.project_id,
    p.slug as project_slug,
    e.id as environment_id,
    e.name as environment_name,
    e.stage,
    verified.id as verified_backup_id,
    verified.taken_at as verified_taken_at,
    statement_timestamp() - verified.taken_at as verified_age,
    newest.id as newest_backup_id,
    newest.status as newest_status,
    newest.created_at as newest_created_at,
    newest.error_message as newest_error,
    make_interval(hours => (ops.policy(e.project_id, 'backup') ->> 'max_age_hours')::int) as max_age,
    coalesce(
        statement_timestamp() - verified.taken_at
        <= make_interval(hours => (ops.policy(e.project_id, 'backup') ->> 'max_age_hours')::int),
        false
    ) as is_fresh,
    coalesce(kept.backups, 0) as kept_backups,
    coalesce(kept.held, 0) as held_backups,
    coalesce(kept.stored_bytes, 0) as stored_bytes,
    drill.finished_at as last_passed_drill_at,
    drill.rto_seconds as last_rto_seconds
from ops.environments as e
join ops.projects as p on p.id = e.project_id
left join lateral (
    select
        b.id,
        b.taken_at
    from ops.backups as b
    where b.environment_id = e.id and b.status = 'verified'
    order by b.taken_at desc
    limit 1
) as verified on true
left join lateral (
    select
        b.id,
        b.status,
        b.created_at,
        b.error_message
    from ops.backups as b
    where b.environment_id = e.id
    order by b.created_at desc
    limit 1
) as newest on true
left join lateral (
    select
        count(*) as backups,
        count(*) filter (where b.held_at is not null) as held,
        sum(b.stored_bytes) as stored_bytes
    from ops.backups as b
    where b.environment_id = e.id and b.status in ('stored', 'verified')
) as kept on true
left join lateral (
    select
        d.finished_at,
        d.rto_seconds
    from ops.recovery_drills as d
    join ops.backups as b on b.id = d.backup_id
    where b.environment_id = e.id and d.passed
    order by d.finished_at desc
    limit 1
) as drill on true
where e.destroyed_at is null and (e.stage = 'production' or newest.id is not null);
comment on view ops.v_backup_freshness is
'Environments that are or ought to be backed up, and the age of what could be restored.';
comment on column ops.v_backup_freshness.verified_age is
'Time whose work would be lost now; empty where nothing could be restored.';
comment on column ops.v_backup_freshness.is_fresh is
'Whether the newest verified backup is young enough for the policy.';
comment on column ops.v_backup_freshness.newest_status is 'State of the newest backup, good or not.';
comment on column ops.v_backup_freshness.last_rto_seconds is
'How long the last drill that passed took until Odoo answered.';
comment on column ops.v_backup_freshness.verified_backup_id is 'The newest backup that was read back whole.';
comment on column ops.v_backup_freshness.verified_taken_at is 'The moment whose data it holds.';
comment on column ops.v_backup_freshness.newest_backup_id is 'The newest backup, good or not.';
comment on column ops.v_backup_freshness.newest_created_at is 'When the newest backup was asked for.';
comment on column ops.v_backup_freshness.newest_error is 'Why the newest backup failed, if it did.';
comment on column ops.v_backup_freshness.max_age is 'How old the policy lets the newest verified backup become.';
comment on column ops.v_backup_freshness.kept_backups is 'How many backups are kept, verified or still to be.';
comment on column ops.v_backup_freshness.held_backups is 'How many of those are held, and so never dropped.';
comment on column ops.v_backup_freshness.last_passed_drill_at is 'When a backup of it was last restored and booted.';
revoke all on ops.v_backup_freshness from public, anon;
grant select on ops.v_backup_freshness to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_backup_freshness
to release_manager, sre, developer, audit_reader;
