-- Tells of a run: to the forge that it waits, or has begun in Dagster, and how it ended, at its commit, if it is one of a commit; to people that
-- runs of its kind fail, by whose fault, and that they succeed again. Called for each run that is queued or ends.
-- Raises nothing.
create or replace function ops_private.tell_run(p_run ops.runs)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_slug text;
    v_url text;
    v_requested_by text;
    v_context text;
    v_state text;
    v_said text;
    v_payload jsonb;
begin
    select p.slug, q.requested_by into v_slug, v_requested_by
    from ops.run_requests as q
    join ops.projects as p on p.id = p_run.project_id
    where q.run_id = p_run.id;
    select e.* into v_environment from ops.environments as e where e.id = p_run.environment_id;
    v_url := case when v_environment.deployed_run_id = p_run.id then v_environment.url end;
    v_said := case p_run.status
        when 'queued' then format('Run #%s is queued.', p_run.run_number)
        when 'claimed' then format('Run #%s was started in Dagster.', p_run.run_number)
        when 'succeeded' then format('Run #%s succeeded.', p_run.run_number)
        else format('Run #%s %s: %s', p_run.run_number, p_run.status, coalesce(p_run.error_message, 'nothing says why'))
    end;
    if p_run.kind in ('build', 'test', 'deploy', 'promote') and p_run.git_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$' then
        v_context := 'odooops/' || coalesce(v_environment.stage::text, p_run.kind::text);
        v_state := case
            when p_run.status in ('queued', 'claimed', 'running') then 'pending' when p_run.status = 'succeeded' then 'success'
            when p_run.fault = 'project' then 'failure' else 'error'
        end;
        v_payload := jsonb_build_object(
            'sha', p_run.git_sha, 'context', v_context, 'description', v_said, 'run_id', p_run.id,
            'dagster_run_id', p_run.dagster_run_id, 'url', v_url, 'fault', p_run.fault, 'status', p_run.status
        );
        perform ops_private.tell_forge(
            p_run.project_id, 'commit_status', format('status:%s:%s:%s', p_run.project_id, p_run.git_sha, v_context), v_state,
            p_run.id::text, v_payload
        );
        -- of a superseded run there is nothing to tell beside the one that follows
        if p_run.status <> 'canceled' or not exists (
            select from ops.runs as r
            where r.environment_id = p_run.environment_id and r.status in ('queued', 'claimed', 'running') and r.id <> p_run.id
        ) then
            perform ops_private.tell_pull_request(v_environment, v_state, p_run.id::text, v_payload);
        end if;
    end if;
    if p_run.status in ('succeeded', 'failed') then
        perform ops_private.tell_people(
            p_run.project_id, 'run', v_environment.stage, p_run.fault,
            format('runs:%s:%s', coalesce(p_run.environment_id, p_run.project_id), p_run.kind), p_run.status::text, p_run.id::text,
            jsonb_build_object(
                'title', format(
                    '%s of %s %s', p_run.kind, concat_ws('/', v_slug, v_environment.name),
                    case p_run.status when 'failed' then 'failed' else 'succeeds again' end
                ),
                'text', v_said, 'run_id', p_run.id, 'dagster_run_id', p_run.dagster_run_id, 'url', v_url,
                'act', case p_run.fault
                    when 'project' then format('%s, who asked for it', coalesce(v_requested_by, 'the author of the commit'))
                    when 'platform' then 'who operates the platform: ops doctor, then ops run retry'
                end
            ),
            p_is_end => p_run.status = 'succeeded'
        );
    end if;
end
$$;
comment on function ops_private.tell_run is 'Tells forge and people of a run.';
revoke all on function ops_private.tell_run from public;
