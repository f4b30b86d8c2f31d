-- Says to which stage a target belongs: the stage itself, or a living environment by name or partition.
-- Called by what promotes and by what asks whether one may: what a release must have hangs on the stage alone.
-- Locks nothing; raises PT400 for a target nothing is promoted to.
create or replace function ops.target_stage(
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
    -- an environment may be named like a stage that it is not: asking for production never gets another stage's answer
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
comment on function ops.target_stage is 'The stage that a promotion''s target belongs to.';
revoke all on function ops.target_stage from public;
