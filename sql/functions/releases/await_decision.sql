-- Asks people whether a deployment stays that proved its health before they were let in and does not answer since: its
-- health is inconclusive until somebody keeps it, rolls it back, or the time of policy promotion.decide_minutes is
-- over, after which roll_back_undecided returns to the code of before. Returns the deployment. A rollback, and a
-- deployment from which there is no way back, are returned without a deadline.
-- Called by step promote. Locks the run, the project, the deployment and its gate. Raises PT404, PT410, and PT409 for a
-- deployment of another run or one that did not succeed. A retry keeps the deadline.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.await_decision(
    p_run_id uuid,
    p_attempt int,
    p_deployment_id uuid
)
returns ops.deployments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_deployment ops.deployments;
begin
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    select d.* into v_deployment from ops.deployments as d
    where d.id = p_deployment_id and d.run_id = p_run_id and d.status = 'succeeded';
    if not found then
        raise sqlstate 'PT409' using
            message = format('Run #%s has brought no such deployment', v_run.run_number),
            hint = 'Look at it: ops release show.';
    end if;
    if v_deployment.rollback_of is null and v_deployment.decision_due_at is null
        and ops_private.release_before(v_deployment.id) is not null then
        update ops.deployments as d
        set decision_due_at = clock_timestamp() + make_interval(
            mins => (ops_private.rules_in_force(v_run.project_id, 'promotion') ->> 'decide_minutes')::int
        )
        where d.id = v_deployment.id
        returning d.* into v_deployment;
    end if;
    return v_deployment;
end
$$;
comment on function ops.await_decision is 'Asks people whether a deployment stays, with a deadline.';
revoke all on function ops.await_decision from public;
grant execute on function ops.await_decision to service_role, ops_worker;
