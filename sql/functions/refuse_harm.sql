-- Refuses work that would write what is adopted, put an empty database in the place of production's, or destroy
-- production's only copy. Called by queue_run and enroll_run. Locks the environment against adoption until the work is
-- queued. Raises PT409.
create or replace function ops.refuse_harm(
    p_environment_id uuid,
    p_kind ops.run_kind,
    p_config jsonb
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    select e.* into v_environment from ops.environments as e where e.id = p_environment_id for key share;
    if v_environment.is_adopted and p_kind in ('deploy', 'restore', 'clone', 'promote') then
        raise sqlstate 'PT409' using
            message = format('%s is adopted: it can be backed up and cloned, nothing more', v_environment.partition_key),
            hint = 'Clone it into another environment, or host it: ops env destroy forgets the adopted one.';
    elsif v_environment.database_name is not null and p_kind = 'deploy' then
        raise sqlstate 'PT409' using
            message = format('%s has data: a deployment would start from an empty database', v_environment.partition_key),
            hint = 'It runs; ops env show says where. A push to its branch is built, and changes nothing there.';
    elsif v_environment.database_name is not null and p_kind = 'destroy'
        and coalesce(p_config ->> 'without_backup', '') <> 'true' and not exists (
            select from ops.backups as b where b.environment_id = v_environment.id and b.status = 'verified'
        ) then
        raise sqlstate 'PT409' using
            message = format('%s has no verified backup', v_environment.partition_key),
            hint = 'Take one: ops backup create; or give its data up: ops env destroy --without-backup.';
    end if;
end
$$;
comment on function ops.refuse_harm is 'Refuses work that would harm production.';
revoke all on function ops.refuse_harm from public;
