-- Marks the environment of a failed deployment as failed if nothing was ever deployed there. Called by end_run. Locks the
-- environment's row. A retry is harmless.
create or replace function ops_private.fail_pending_environment(
    p_run_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    select e.* into v_environment
    from ops.runs as r
    join ops.environments as e on e.id = r.environment_id
    where r.id = p_run_id and r.kind in ('deploy', 'build') and e.status = 'pending'
    for no key update of e;
    if found then
        perform ops_private.move_environment(v_environment, 'failed');
    end if;
end
$$;
comment on function ops_private.fail_pending_environment is 'Marks an environment as failed that never ran.';
revoke all on function ops_private.fail_pending_environment from public;
