-- Lists the project's environments with a backup that no rule keeps for certain.
-- Called by projects_due_for_retention. Locks and raises nothing.
create or replace function ops_private.environments_to_thin_out(
    p_project_id uuid,
    p_now timestamptz
)
returns setof uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select distinct g.environment_id from ops_private.backups_that_may_go(p_project_id, p_now) as g
$$;
comment on function ops_private.environments_to_thin_out is
'The environments with a backup that a retention policy may drop.';
revoke all on function ops_private.environments_to_thin_out from public;
