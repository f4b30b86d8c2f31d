-- Shows each living production with its newest verified backup and its newest drill. The clocks of backups, drills and
-- alarms read it, and so do clones, drills and the command line.
create view ops.v_productions
with (security_invoker = true) as
select
    e.id as environment_id,
    e.project_id,
    p.slug as project_slug,
    e.name,
    e.branch,
    e.partition_key,
    e.branch = p.default_branch as is_default_branch,
    p.status = 'active' as is_active,
    e.is_adopted or e.database_name is not null as has_data,
    e.created_at,
    verified.id as verified_backup_id,
    verified.taken_at as verified_taken_at,
    drill.id as newest_drill_id,
    drill.passed as newest_drill_passed,
    drill.started_at as newest_drill_started_at
from ops.environments as e
join ops.projects as p on p.id = e.project_id
left join lateral (
    select
        b.id,
        coalesce(b.taken_at, b.created_at) as taken_at
    from ops.backups as b
    where b.environment_id = e.id and b.status = 'verified'
    order by b.taken_at desc
    limit 1
) as verified on true
left join lateral (
    select
        d.id,
        d.passed,
        d.started_at
    from ops.recovery_drills as d
    join ops.backups as b on b.id = d.backup_id
    where b.environment_id = e.id
    order by d.started_at desc
    limit 1
) as drill on true
where e.stage = 'production' and e.destroyed_at is null;
comment on view ops.v_productions is 'Living productions, their newest verified backup and their newest drill.';
comment on column ops.v_productions.is_default_branch is 'Whether it is the production of the default branch.';
comment on column ops.v_productions.is_active is 'Whether its project is active, not archived.';
comment on column ops.v_productions.has_data is 'Whether it is deployed or adopted: there is something to back up.';
comment on column ops.v_productions.verified_backup_id is 'The newest backup that was read back whole.';
comment on column ops.v_productions.verified_taken_at is 'The moment whose data it holds.';
comment on column ops.v_productions.newest_drill_id is 'The newest drill of one of its backups, passed or not.';
comment on column ops.v_productions.newest_drill_passed is 'Whether that drill passed; empty while it works.';
comment on column ops.v_productions.newest_drill_started_at is 'When that drill began.';
revoke all on ops.v_productions from public, anon;
grant select on ops.v_productions to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_productions
to release_manager, sre, developer, audit_reader;
