-- Returns whether the caller may read the run: true where the policy of ops.runs shows it. Called by the readers of logs,
-- which ask once for all lines. Locks and raises nothing.
create or replace function ops_private.may_read_run(p_run_id uuid)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.run_requests as q where q.run_id = p_run_id and ops.has_permission(q.project_id, 'read')
)
$$;
comment on function ops_private.may_read_run is 'Whether the caller may read a run.';
revoke all on function ops_private.may_read_run from public;
