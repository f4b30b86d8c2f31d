-- Refuses work that would write to an adopted environment, replace production's data, destroy production if the caller
-- did not name it (a job started on all partitions names nobody), or destroy its only copy. run_kinds lists what a kind
-- may do. Locks the environment against adoption until the work is queued. Raises PT409.
create or replace function ops_private.refuse_harm(
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
    v_effect text;
begin
    select e.* into v_environment from ops.environments as e where e.id = p_environment_id for key share;
    select k.effect into v_effect from ops.run_kinds() as k where k.kind = p_kind;
    if v_effect in ('new', 'replace') then
        perform ops_private.refuse_replacement(v_environment, p_kind);
        return;
    end if;
    if v_effect <> 'remove' or v_environment.database_name is null then
        return;
    end if;
    if coalesce(p_config ->> 'confirm', '') <> v_environment.partition_key then
        raise sqlstate 'PT409' using
            message = format('%s is production, and nobody confirmed that it shall be destroyed', v_environment.partition_key),
            hint = format(
                'Use ops env destroy, which asks; or confirm it by name: config {"confirm": "%1$s"}, in Dagster the tag '
                'ops/confirm=%1$s.', v_environment.partition_key
            );
    end if;
    if coalesce(p_config ->> 'without_backup', '') <> 'true' and not exists (
        select from ops.backups as b where b.environment_id = v_environment.id and b.status = 'verified'
    ) then
        raise sqlstate 'PT409' using
            message = format('%s has no verified backup', v_environment.partition_key),
            hint = 'Take one: ops backup create; or give its data up: ops env destroy --without-backup.';
    end if;
end
$$;
comment on function ops_private.refuse_harm is 'Refuses work that would harm production.';
revoke all on function ops_private.refuse_harm from public;
