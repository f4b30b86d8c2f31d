-- Returns whether the job backup_mirror has something to do at the store p_mirror_url: a verified backup that it does not
-- hold, or one that was dropped since p_last_at, the start of the job's last run that succeeded. Called by the schedule
-- backup_mirror. Locks and raises nothing.
create or replace function ops.backup_mirror_is_due(
    p_mirror_url text,
    p_last_at timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (select from ops.list_backups_to_mirror(p_mirror_url)) or exists (
    select from ops.backups as b
    where b.status = 'dropped' and b.mirror_url = p_mirror_url and (p_last_at is null or b.dropped_at >= p_last_at)
)
$$;
comment on function ops.backup_mirror_is_due is 'Whether a mirror lacks a backup, or holds one that was dropped.';
revoke all on function ops.backup_mirror_is_due from public;
grant execute on function ops.backup_mirror_is_due to service_role, ops_worker;
