-- Says whether nothing works in the run's environment and no other waiting run there goes before it.
-- Called by the claims and list_queued_runs. Locks and raises nothing.
create or replace function ops.is_next_in_environment(
    p_run ops.runs
)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
    return not exists (
        select from ops.runs as o
        where o.environment_id = p_run.environment_id and o.status in ('claimed', 'running')
    ) and not exists (
        select from ops.runs as o
        where
            o.environment_id = p_run.environment_id
            and o.status = 'queued'
            and (-o.priority, o.turn, o.created_at, o.id) < (-p_run.priority, p_run.turn, p_run.created_at, p_run.id)
    );
end
$$;
comment on function ops.is_next_in_environment is 'Whether the environment is free and the run is the first that waits for it.';
revoke all on function ops.is_next_in_environment from public;
grant execute on function ops.is_next_in_environment to authenticated, service_role, ops_worker;
