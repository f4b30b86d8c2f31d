-- Records that the run's environment is destroyed; work that waited for it is queued again for the branch's
-- next environment. Called by step destruction. Locks the run's and the environment's rows. Raises PT404 and
-- PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_destruction(
    p_run_id uuid,
    p_attempt int
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_waiting ops.run_details;
    v_again uuid;
begin
    select e.* into v_environment
    from ops.runs as r
    join ops.environments as e on e.id = r.environment_id
    where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running'
    for no key update of r, e;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    elsif v_environment.destroyed_at is not null then
        return;
    end if;
    perform ops_private.move_environment(v_environment, 'destroyed');
    perform ops_private.write_event(p_run_id, 'info', 'destroyed ' || v_environment.partition_key);
    for v_waiting in
        select d.* from ops.runs as r, ops.get_run(r.id) as d
        where r.environment_id = v_environment.id and r.status = 'queued'
        order by r.run_number
    loop
        -- a promotion, and a kind without a job, were for this environment only
        if v_waiting.kind not in ('destroy', 'promote') and exists (
            select from ops.run_kinds() as k where k.kind = v_waiting.kind and k.is_carried_out
        ) and exists (
            select from ops.projects as p where p.id = v_waiting.project_id and p.status = 'active'
        ) then
            v_again := ops.queue_run(
                v_waiting.project_id, v_environment.name, v_waiting.git_sha, v_waiting.git_ref,
                p_kind => v_waiting.kind, p_trigger => v_waiting.trigger, p_requested_by => v_waiting.requested_by,
                p_priority => v_waiting.priority, p_config => v_waiting.config,
                p_max_attempts => v_waiting.max_attempts, p_retry_of => v_waiting.id
            );
        end if;
        perform ops_private.end_queued_run(v_waiting.id, 'its environment was destroyed');
    end loop;
end
$$;
comment on function ops.record_destruction is 'Notes that an environment is gone.';
revoke all on function ops.record_destruction from public;
grant execute on function ops.record_destruction to service_role, ops_worker;
