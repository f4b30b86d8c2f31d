-- Returns the stage of a target: the stage itself, or that of a living environment by name or partition.
-- Called by functions that promote and by those that explain a promotion: the requirements depend only on the stage.
-- Locks nothing; raises PT400 for an invalid target.
create or replace function ops_private.target_stage(
    p_project_id uuid,
    p_target_env text
)
returns ops.environment_stage
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stage ops.environment_stage;
begin
    -- an environment of another stage may be named like a stage: the name production always means the stage
    if p_target_env in ('staging', 'production') then
        return p_target_env;
    end if;
    select e.stage into v_stage
    from ops.environments as e
    where
        e.project_id = p_project_id and e.destroyed_at is null and e.stage <> 'development'
        and p_target_env in (e.name, e.partition_key)
    order by e.name = p_target_env desc
    limit 1;
    if not found then
        raise sqlstate 'PT400' using
            message = format('Nothing is promoted to %s', coalesce(p_target_env, 'nowhere')),
            column = 'environment',
            hint = 'Name staging, production, or an environment of one of these stages.';
    end if;
    return v_stage;
end
$$;
comment on function ops_private.target_stage is 'The stage that a promotion''s target belongs to.';
revoke all on function ops_private.target_stage from public;
