-- Lists the verified backups that the store p_mirror_url does not hold yet: production's first, the newest first.
-- Called by the job backup_mirror and its schedule. Locks and raises nothing.
create or replace function ops.list_backups_to_mirror(p_mirror_url text)
returns setof ops.backups
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select b.* from ops.backups as b
    where b.status = 'verified' and b.mirror_url is distinct from p_mirror_url
    order by b.stage = 'production' desc, b.taken_at desc, b.id;
$$;
comment on function ops.list_backups_to_mirror is 'The verified backups that a mirror does not hold yet.';
revoke all on function ops.list_backups_to_mirror from public;
grant execute on function ops.list_backups_to_mirror to service_role, ops_worker;
