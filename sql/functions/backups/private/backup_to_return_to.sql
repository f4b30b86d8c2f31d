-- Returns the backup to which a deployment could be rolled back: the environment's newest verified one, if its data are
-- not older than the policy of promotions allows. Locks and raises nothing.
create or replace function ops_private.backup_to_return_to(
    p_project_id uuid,
    p_environment_id uuid
)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select b.id
from ops.backups as b
where
    b.environment_id = p_environment_id and b.project_id = p_project_id and b.status = 'verified'
    and b.taken_at > ops.right_now() - make_interval(
        hours => (ops_private.rules_in_force(p_project_id, 'promotion') ->> 'backup_max_age_hours')::int
    )
order by b.taken_at desc
limit 1
$$;
comment on function ops_private.backup_to_return_to is 'The backup that a deployment could be taken back to.';
revoke all on function ops_private.backup_to_return_to from public;
