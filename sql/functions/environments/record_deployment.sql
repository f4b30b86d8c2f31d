-- Points the environment at the run's build, and returns the previous database. Called by step deployment once the new
-- Odoo answers. Locks the run's and the environment's rows, so that an attempt that was given up meanwhile cannot
-- deploy. Raises PT404 and PT410, and PT409 if a run of this kind may not do that (refuse_replacement), a promotion is
-- not of the released build, policy does not allow its image (refuse_image), or another environment has the port or the
-- database. Repeating it is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_deployment(
    p_run_id uuid,
    p_attempt int,
    p_url text,
    p_port int,
    p_database_name text,
    p_image_digest text,
    p_git_sha text,
    p_expires_at timestamptz default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_previous_database text;
    v_environment_id uuid;
    v_kind ops.run_kind;
begin
    select r.kind, e.id into v_kind, v_environment_id
    from ops.runs as r
    join ops.environments as e on e.id = r.environment_id
    where
        r.id = p_run_id and r.attempt = p_attempt and r.status = 'running' and e.destroyed_at is null
    for no key update of r, e;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    select e.* into v_environment from ops.environments as e where e.id = v_environment_id;
    perform ops_private.refuse_replacement(v_environment, v_kind, p_database_name);
    if v_kind = 'promote' then
        perform ops_private.refuse_unreleased(p_run_id, p_image_digest, p_git_sha);
    end if;
    perform ops_private.refuse_image(p_run_id, p_image_digest);
    v_previous_database := v_environment.database_name;
    v_environment.url := p_url;
    v_environment.port := p_port;
    v_environment.database_name := p_database_name;
    v_environment.image_digest := p_image_digest;
    v_environment.deployed_sha := p_git_sha;
    v_environment.deployed_run_id := p_run_id;
    v_environment.expires_at := p_expires_at;
    perform ops_private.move_environment(v_environment, 'running');
    perform ops_private.write_event(p_run_id, 'info', 'deployed at ' || p_url, jsonb_build_object(
        'url', p_url, 'database', p_database_name, 'image_digest', p_image_digest, 'git_sha', p_git_sha,
        'previous_database', v_previous_database
    ));
    return v_previous_database;
exception when unique_violation then
    raise sqlstate 'PT409' using
        message = format('Another environment has port %s or database %s', p_port, p_database_name),
        hint = 'Deploy again: the next attempt chooses another port.';
end
$$;
comment on function ops.record_deployment is 'Points the environment at the run''s build.';
revoke all on function ops.record_deployment from public;
grant execute on function ops.record_deployment to service_role, ops_worker;
