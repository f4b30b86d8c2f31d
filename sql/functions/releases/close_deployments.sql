-- Fails the deployments whose run ended without reporting a result, so that none blocks its place for ever; returns the
-- count. Called by promote_release and the platform's housekeeping; without a project, for all.
-- Locks the deployments, their releases and gates. Raises nothing; a retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.close_deployments(p_project_id uuid default null)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
    v_closed int := 0;
begin
    for v_deployment in
        select d.* from ops.deployments as d
        join ops.runs as r on r.id = d.run_id
        where
            (p_project_id is null or d.project_id = p_project_id) and d.status in ('pending', 'running')
            and r.status in ('succeeded', 'failed', 'canceled')
        order by d.release_id, d.id
    loop
        perform ops_private.move_deployment_to(v_deployment, 'failed');
        v_closed := v_closed + 1;
    end loop;
    return v_closed;
end
$$;
comment on function ops.close_deployments is 'Ends the deployments whose run ended without saying how they went.';
revoke all on function ops.close_deployments from public;
grant execute on function ops.close_deployments to service_role, ops_worker;
