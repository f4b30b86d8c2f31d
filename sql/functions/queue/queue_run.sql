-- Queues a run and returns its id; env is the branch's name, empty for work on no environment. It supersedes older
-- waiting runs of the branch and goes before those of its project that a poll queued. p_workflow_id is the workflow that
-- asks for it. A project has one unfinished retention run: while there is one, it is the run returned.
-- Called by every door. Locks the project's counter, so that the requests of one project run one after the other.
-- Raises PT404, PT403 (also for a trigger, an idempotency key or a field of p_config that the caller may not use),
-- PT409 for an archived project, a key used for another body, harm to production, a kind without a job or a record that
-- waits for a person, PT503 if another session holds the project for longer, PT400 for invalid values and for a field of
-- p_config that the kind does not take.
-- Repeating it with the same idempotency key returns the same run.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.queue_run(
    project_id uuid,
    env text,
    git_sha text,
    ref text,
    p_kind ops.run_kind default 'deploy',
    p_trigger text default 'api',
    p_requested_by text default null,
    p_priority int default 0,
    p_idempotency_key text default null,
    p_config jsonb default '{}',
    p_max_attempts int default 3,
    p_retry_of uuid default null,
    p_workflow_id uuid default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s' -- a request that somebody waits for gives up after ten
as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
    v_id uuid := ops_private.new_run_id(v_now);
    v_body bytea;
    v_environment ops.environments;
    v_number bigint;
    v_requested_by text := p_requested_by;
    v_turn bigint;
begin
    perform ops_private.require_queueable(queue_run.project_id, p_kind);
    perform ops_private.refuse_platform_names(p_trigger, p_idempotency_key, p_retry_of);
    if not ops.is_platform() then
        v_requested_by := ops.caller_name();
        if p_priority > 0 then -- ahead of everybody's work, in every project
            perform ops_private.require_permission(queue_run.project_id, 'manage');
        end if;
    end if;
    if p_retry_of is not null and not exists (
        select from ops.run_requests as q where q.run_id = p_retry_of and q.project_id = queue_run.project_id
    ) then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_retry_of),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    if p_workflow_id is not null and not exists (
        select from ops.workflows as w
        where w.id = p_workflow_id and w.project_id = queue_run.project_id and w.workflow_type::text = p_kind::text
    ) then
        raise sqlstate 'PT404' using
            message = format('The project has no %s workflow %s', p_kind, p_workflow_id),
            hint = 'List them: select workflow_id, name from ops.v_workflows.';
    end if;
    v_body := sha256(convert_to(jsonb_build_array(
        env, git_sha, ref, p_kind, p_priority, coalesce(p_config, '{}'), p_max_attempts, p_retry_of
    )::text, 'UTF8'));
    if p_idempotency_key is not null then
        v_id := coalesce(ops_private.find_same_request(queue_run.project_id, p_idempotency_key, v_body), v_id);
        if exists (select from ops.run_requests as q where q.run_id = v_id) then
            return v_id;
        end if;
    end if;
    perform ops_private.refuse_config(queue_run.project_id, p_kind, p_config);
    if coalesce(env, '') <> '' then
        v_environment := ops_private.environment_to_work_on(queue_run.project_id, env, p_kind);
        if v_environment.stage = 'production' then
            perform ops_private.refuse_harm(v_environment.id, p_kind, p_config);
        end if;
    end if;
    perform ops_private.refuse_unconfirmed(p_kind, v_environment.stage);
    perform ops_private.require_carried_out(p_kind, p_config, v_environment.id is not null);
    if p_kind = 'retention' then
        v_id := coalesce(ops_private.unfinished_retention(queue_run.project_id), v_id);
        if exists (select from ops.run_requests as q where q.run_id = v_id) then
            return v_id;
        end if;
    end if;
    if p_trigger not in ('poll', 'schedule') then
        v_turn := ops_private.turn_before_polled(queue_run.project_id, coalesce(p_priority, 0));
    end if;
    with counter as (
        update ops.project_counters as c set last_run_number = c.last_run_number + 1
        where c.project_id = queue_run.project_id
        returning c.last_run_number
    ), request as (
        insert into ops.run_requests (
            run_id, project_id, environment_id, run_number, requested_by, config, idempotency_key, body_hash, retry_of,
            workflow_id
        )
        select
            v_id, queue_run.project_id, v_environment.id, c.last_run_number, v_requested_by, coalesce(p_config, '{}'),
            p_idempotency_key, v_body, p_retry_of, p_workflow_id
        from counter as c
        on conflict (project_id, idempotency_key) where idempotency_key is not null do nothing
        returning run_number
    ), sealed as materialized (
        select q.run_number, jsonb_strip_nulls(jsonb_build_object(
            'to', 'queued', 'trigger', p_trigger, 'requested_by', v_requested_by, 'git_sha', queue_run.git_sha
        )) as payload
        from request as q
    ), run as (
        insert into ops.runs as r (
            id, project_id, environment_id, run_number, kind, trigger, git_ref, git_sha, priority, turn, max_attempts,
            created_at, event_count, event_hash
        )
        select
            v_id, queue_run.project_id, v_environment.id, s.run_number, p_kind, p_trigger, ref, queue_run.git_sha,
            coalesce(p_priority, 0),
            coalesce(v_turn, ops_private.next_turn(queue_run.project_id, coalesce(p_priority, 0))), p_max_attempts, v_now, 1,
            ops.hash_event('', v_id, 1, 0, 'state_change', 'queued', s.payload, v_now)
        from sealed as s
        returning r.event_hash
    ), event as (
        insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
        select v_id, 1, 0, 'state_change', 'queued', s.payload, v_now, '', r.event_hash
        from sealed as s, run as r
    )
    select s.run_number into v_number from sealed as s;
    if not found then
        return ops_private.find_same_request(queue_run.project_id, p_idempotency_key, v_body);
    end if;
    if v_environment.id is not null and p_kind in ('deploy', 'build', 'destroy') then
        perform ops_private.supersede_runs(v_environment.id, v_id, v_number);
    end if;
    return v_id;
exception
    when check_violation or not_null_violation or foreign_key_violation then
        raise sqlstate 'PT400' using
            message = 'No run may have these values', detail = sqlerrm,
            hint = 'See ops.queue_run''s arguments: \df+ ops.queue_run.';
    when lock_not_available then
        raise sqlstate 'PT503' using
            message = 'Another session holds the queue of this project', hint = 'Try again in a minute.';
end
$$;
comment on function ops.queue_run is 'Asks for a run and returns its id.';
revoke all on function ops.queue_run from public;
grant execute on function ops.queue_run to authenticated, service_role, ops_operator;
grant execute on function ops.queue_run to ci_service_role, developer;
