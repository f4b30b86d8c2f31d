-- Returns the reason why a backup may not be dropped, or null. Called by drop_backup, which locked its environment.
-- Locks and raises nothing.
create or replace function ops_private.reason_to_keep(
    p_backup ops.backups
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when ops.is_unconfirmed() then 'of a record that came from a backup and that nobody has confirmed: ops platform confirm'
        when p_backup.held_at is not null then 'held: ' || p_backup.hold_reason
        when p_backup.status in ('pending', 'running', 'stored') then 'at work'
        when exists (
            select from ops.restores as s
            where s.backup_id = p_backup.id and s.status in ('pending', 'running')
        ) then 'being restored'
        when exists (
            select from ops.deployments as d
            where d.backup_id = p_backup.id and d.status in ('pending', 'running')
        ) then 'the way back of a deployment at work'
        when p_backup.status = 'verified' and not exists (
            select from ops.backups as o
            where o.environment_id = p_backup.environment_id and o.status = 'verified' and o.id <> p_backup.id
        ) then 'the last verified one of its environment'
    end;
end
$$;
comment on function ops_private.reason_to_keep is 'Why a backup may not be dropped.';
revoke all on function ops_private.reason_to_keep from public;
