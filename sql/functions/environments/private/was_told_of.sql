-- Returns whether a delivery named the project's branch. Called by moved_branches. Locks and raises nothing.
create or replace function ops_private.was_told_of(
    p_project ops.projects,
    p_branch text
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.push_deliveries as d
    where d.event = 'push' and d.ref = 'refs/heads/' || p_branch and ops_private.speaks_for(d, p_project)
)
$$;
comment on function ops_private.was_told_of is 'Whether a delivery told of a branch.';
revoke all on function ops_private.was_told_of from public;
