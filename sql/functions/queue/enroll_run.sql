-- Records a run that started in Dagster; it is claimed from the start. Called by the run coordinator.
-- Locks the project's counter. Raises PT404 for an unknown partition, PT400 for a config of other fields than those of
-- Dagster, PT409 if another run works on the environment, this one would harm production, the kind has no job or the record waits for a
-- person.
-- Repeating it for the same Dagster run returns the same run.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.enroll_run(
    p_dagster_run_id text,
    p_partition_key text,
    p_kind ops.run_kind,
    p_requested_by text default null,
    p_worker_id text default 'dagster',
    p_config jsonb default '{}',
    p_lease_seconds int default 60
)
returns table (run_id uuid, attempt int)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
    v_id uuid := ops_private.new_run_id(v_now);
    v_environment ops.environments;
    v_payload jsonb := jsonb_strip_nulls(jsonb_build_object(
        'to', 'claimed', 'trigger', 'dagster_ui', 'requested_by', p_requested_by, 'dagster_run_id', p_dagster_run_id
    ));
    v_hash bytea := ops.hash_event('', v_id, 1, 1, 'state_change', 'claimed: started in Dagster', v_payload, v_now);
    v_branch_ref text;
begin
    return query select r.id, r.attempt from ops.runs as r where r.dagster_run_id = p_dagster_run_id;
    if found then
        return;
    end if;
    select e.* into v_environment from ops.environments as e
    where e.partition_key = p_partition_key and e.destroyed_at is null;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no living environment %s', p_partition_key), hint = 'List them: ops env list.';
    end if;
    if coalesce(p_config, '{}') - '{assets,confirm}'::text[] <> '{}' then
        raise sqlstate 'PT400' using
            message = 'A run that starts in Dagster takes only assets and confirm in its config',
            hint = 'Queue it: ops --help.';
    end if;
    perform ops_private.refuse_config(v_environment.project_id, p_kind, p_config);
    if v_environment.stage = 'production' then
        perform ops_private.refuse_harm(v_environment.id, p_kind, p_config);
    end if;
    perform ops_private.refuse_unconfirmed(p_kind, v_environment.stage);
    perform ops_private.require_carried_out(p_kind, p_config, true);
    v_branch_ref := 'refs/heads/' || v_environment.branch;
    with counter as (
        update ops.project_counters as c set last_run_number = c.last_run_number + 1
        where c.project_id = v_environment.project_id
        returning c.last_run_number
    ), request as (
        insert into ops.run_requests (
            run_id, project_id, environment_id, run_number, requested_by, config, body_hash
        )
        select
            v_id, v_environment.project_id, v_environment.id, c.last_run_number, p_requested_by,
            coalesce(p_config, '{}'), sha256(convert_to(p_dagster_run_id, 'UTF8'))
        from counter as c
        returning run_number
    ), run as (
        insert into ops.runs (
            id, project_id, environment_id, run_number, kind, status, trigger, git_ref, git_sha, attempt, max_attempts,
            claimed_by, dagster_run_id, created_at, claimed_at, lease_expires_at, event_count, event_hash
        )
        select
            v_id, v_environment.project_id, v_environment.id, q.run_number, p_kind, 'claimed', 'dagster_ui',
            v_branch_ref, coalesce(h.sha, v_environment.deployed_sha), 1, 1, p_worker_id, p_dagster_run_id, v_now,
            v_now, v_now + make_interval(secs => p_lease_seconds), 1, v_hash
        from request as q
        left join ops.branch_heads as h
            on h.project_id = v_environment.project_id and h.branch = v_environment.branch
    )
    insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
    values (v_id, 1, 1, 'state_change', 'claimed: started in Dagster', v_payload, v_now, '', v_hash);
    return query values (v_id, 1);
exception when unique_violation then
    return query select r.id, r.attempt from ops.runs as r where r.dagster_run_id = p_dagster_run_id;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Another run works on %s', p_partition_key),
            hint = 'Wait for its end, or cancel it: ops run list.';
    end if;
end
$$;
comment on function ops.enroll_run is 'Puts a run born in Dagster on the record.';
revoke all on function ops.enroll_run from public;
grant execute on function ops.enroll_run to service_role, ops_worker;
