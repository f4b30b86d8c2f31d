-- Returns the stage of a branch: the default branch is production, one that matches a pattern is
-- staging (by default release/*), all others are development. Called by stage_of_branch. Locks and raises nothing.
create or replace function ops.branch_stage(
    p_branch text,
    p_default_branch text,
    p_staging_branches jsonb default '["release/*"]'
)
returns ops.environment_stage
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_branch = p_default_branch then 'production'
    when ops.matches_pattern(p_branch, p_staging_branches) then 'staging'
    else 'development'
end::ops.environment_stage
$$;
comment on function ops.branch_stage is 'The stage of a branch.';
revoke all on function ops.branch_stage from public;
grant execute on function ops.branch_stage to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.branch_stage
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
