-- Returns the place of a target: a stage, or a living environment by name or partition. The environment is null if the
-- stage has none of its own. Called by functions that promote. Locks nothing. Raises PT400 for an invalid target and
-- PT409 if the stage has several environments.
create or replace function ops_private.promotion_target(
    p_project_id uuid,
    p_target_env text
)
returns table (environment_id uuid, stage ops.environment_stage)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_stage ops.environment_stage := ops_private.target_stage(p_project_id, p_target_env);
    v_names text;
    v_found int;
begin
    return query
    select e.id, e.stage
    from ops.environments as e
    where
        e.project_id = p_project_id and e.destroyed_at is null and e.stage = v_stage
        and p_target_env in (e.name, e.partition_key)
    order by e.name = p_target_env desc
    limit 1;
    if found then
        return;
    end if;
    select string_agg(e.name, ', ' order by e.name), count(*) into v_names, v_found
    from ops.environments as e
    where e.project_id = p_project_id and e.destroyed_at is null and e.stage = v_stage;
    if v_found > 1 then
        raise sqlstate 'PT409' using
            message = format('The project has several %s environments: %s', v_stage, v_names),
            column = 'environment',
            hint = 'Name one of them.';
    end if;
    return query
    select e.id, v_stage
    from (select) as nothing
    left join ops.environments as e
        on e.project_id = p_project_id and e.destroyed_at is null and e.stage = v_stage;
end
$$;
comment on function ops_private.promotion_target is 'Where a promotion goes: an environment and its stage.';
revoke all on function ops_private.promotion_target from public;
