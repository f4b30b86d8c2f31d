-- Returns whether the record came from a backup and no person has confirmed it: it may be behind the databases, backups
-- and images that it describes. Called by every clock that removes, replaces or deploys, and by the platform's steps.
-- Locks and raises nothing.
-- Definer: helpers call it for callers who may not read the control plane's row.
create or replace function ops.is_unconfirmed()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select exists (select from ops.control_plane as c where c.unconfirmed_since is not null)
$$;
comment on function ops.is_unconfirmed is 'Whether the record came from a backup and waits for a person.';
revoke all on function ops.is_unconfirmed from public;
grant execute on function ops.is_unconfirmed to service_role, ops_worker, ops_operator;
