-- Refuses to point an environment at a database if a run of the kind may not do that: by its effect, so that a
-- kind that is not known to replace data replaces none. Without a database it means any other than the current
-- one. Called by refuse_harm before the run, and by record_deployment and require_deployable while it works.
-- Locks nothing. Raises PT409.
create or replace function ops_private.refuse_replacement(
    p_environment ops.environments,
    p_kind ops.run_kind,
    p_database_name text default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rule record;
begin
    select k.* into v_rule from ops.run_kinds() as k where k.kind = p_kind;
    if v_rule.effect is null or v_rule.effect not in ('new', 'replace') then
        raise sqlstate 'PT409' using
            message = format('A %s run deploys nothing to %s', p_kind, p_environment.partition_key),
            hint = 'Deploy the branch: ops run create --kind deploy; or restore a backup: ops backup restore.';
    elsif p_environment.is_adopted then
        raise sqlstate 'PT409' using
            message = format('%s is adopted: it can be backed up and cloned, nothing more', p_environment.partition_key),
            hint = 'Clone it into another environment, or host it: ops env destroy forgets the adopted one.';
    elsif p_environment.stage <> all (v_rule.stages) then
        raise sqlstate 'PT409' using
            message = format('A %s run does not work on %s, which is %s', p_kind, p_environment.partition_key,
                p_environment.stage),
            hint = 'Restore a backup of production: ops backup restore; a clone goes to another environment.';
    elsif p_environment.stage = 'production' and v_rule.effect <> 'replace'
        and p_environment.database_name <> coalesce(p_database_name, '') then
        raise sqlstate 'PT409' using
            message = format('%s has data%s: a deployment would start from an empty database',
                p_environment.partition_key,
                case when p_database_name is not null then ' in ' || p_environment.database_name end),
            hint = 'It runs; ops env show says where. A push to its branch is built, and changes nothing there.';
    end if;
end
$$;
comment on function ops_private.refuse_replacement is 'Refuses a change of the database that an environment serves.';
revoke all on function ops_private.refuse_replacement from public;
