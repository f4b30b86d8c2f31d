-- Returns the stage that a new environment of the branch gets, by the project's rules in force.
-- Called by make_environment and update_branch_head. Locks and raises nothing.
create or replace function ops_private.stage_of_branch(
    p_project_id uuid,
    p_branch text
)
returns ops.environment_stage
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops.branch_stage(
    p_branch, p.default_branch, ops_private.rules_in_force(p.id, 'clone') -> 'staging_branches'
)
from ops.projects as p where p.id = p_project_id
$$;
comment on function ops_private.stage_of_branch is 'The stage of a branch of a project.';
revoke all on function ops_private.stage_of_branch from public;
