-- Returns the branch's living environment, created now if there is none; after a destroyed one comes the next
-- generation. Called by functions that checked the permission. Two concurrent callers get the
-- same row. Raises PT409 if every host name for the branch is another branch's. A retry is harmless.
create or replace function ops_private.make_environment(
    p_project_id uuid,
    p_branch text,
    p_stage ops.environment_stage default null
)
returns ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_project ops.projects;
    v_host_label text;
begin
    select p.* into v_project from ops.projects as p where p.id = p_project_id;
    loop
        select e.* into v_environment from ops.environments as e
        where e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null;
        exit when found;
        v_host_label := ops_private.choose_host_label(v_project, p_branch);
        insert into ops.environments as e (project_id, name, branch, stage, generation, partition_key, host_label)
        select
            p_project_id, p_branch, p_branch,
            coalesce(p_stage, ops_private.stage_of_branch(p_project_id, p_branch)), g.generation,
            ops.partition_key(v_project.slug, p_branch, g.generation), v_host_label
        from (
            select coalesce(max(o.generation), 0) + 1 as generation
            from ops.environments as o
            where o.project_id = p_project_id and o.name = p_branch
        ) as g
        on conflict do nothing;
    end loop;
    return v_environment;
end
$$;
comment on function ops_private.make_environment is 'The living environment of a branch, made where there is none.';
revoke all on function ops_private.make_environment from public;
