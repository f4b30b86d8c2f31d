-- Returns the branch's living environment, made now if there is none; after a destroyed one comes the next generation.
-- Called by queue_run and `ops env create`. Two callers at once get the same row. Raises PT404, PT400 for a nameless
-- branch and
-- PT409 where the living environment has another stage. A retry is harmless.
-- Definer: people have no write of their own: the function checks their permission and writes for them.
create or replace function ops.ensure_environment(
    p_project_id uuid,
    p_branch text,
    p_stage ops.environment_stage default null
)
returns setof ops.environments
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_environment ops.environments;
    v_project ops.projects;
begin
    if coalesce(p_branch, '') = '' then
        raise sqlstate 'PT400' using
            message = 'An environment needs a branch', hint = 'Name the branch, for example feature/invoices.';
    end if;
    select p.* into v_project from ops.projects as p where p.id = p_project_id;
    perform ops.require_permission(p_project_id, 'queue');
    if v_project.id is null then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    end if;
    loop
        select e.* into v_environment from ops.environments as e
        where e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null;
        exit when found;
        insert into ops.environments as e (project_id, name, branch, stage, generation, partition_key)
        select
            p_project_id, p_branch, p_branch,
            coalesce(p_stage, ops.branch_stage(p_branch, v_project.default_branch)), g.generation,
            ops.partition_key(v_project.slug, p_branch, g.generation)
        from (
            select coalesce(max(o.generation), 0) + 1 as generation
            from ops.environments as o
            where o.project_id = p_project_id and o.name = p_branch
        ) as g
        on conflict do nothing;
    end loop;
    if p_stage is not null and p_stage <> v_environment.stage then
        raise sqlstate 'PT409' using
            message = format('%s is a %s environment', v_environment.partition_key, v_environment.stage),
            hint = 'Destroy it first, or leave the stage out.';
    end if;
    return next v_environment;
end
$$;
comment on function ops.ensure_environment is 'The living environment of a branch.';
revoke all on function ops.ensure_environment from public;
grant execute on function ops.ensure_environment to authenticated, service_role, ops_worker;
