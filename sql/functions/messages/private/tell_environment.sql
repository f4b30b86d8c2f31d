-- Tells of an environment: to the forge which commit it serves under which URL, and that it is gone; to people that it
-- was deployed. Called when a deployment is recorded and when an environment is destroyed. Raises nothing.
create or replace function ops_private.tell_environment()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_gone boolean := new.status = 'destroyed';
    v_number bigint;
begin
    select r.run_number into v_number from ops.runs as r where r.id = new.deployed_run_id;
    if old.deployed_sha is not null or not v_is_gone then
        perform ops_private.tell_forge(
            new.project_id, 'deployment', 'deployment:' || new.id, case when v_is_gone then 'inactive' else 'success' end,
            coalesce(new.deployed_run_id::text, ''),
            jsonb_build_object(
                'sha', new.deployed_sha, 'environment', new.name, 'stage', new.stage, 'url', new.url,
                'run_id', new.deployed_run_id,
                'description', case when v_is_gone then 'The environment is gone.' else format('Run #%s.', v_number) end
            )
        );
    end if;
    if v_is_gone then
        perform ops_private.tell_pull_request(new, 'gone', coalesce(new.deployed_run_id::text, ''), jsonb_build_object(
            'sha', new.deployed_sha, 'description', 'The environment is gone.', 'run_id', new.deployed_run_id
        ));
    else
        perform ops_private.tell_people(
            new.project_id, 'deployment', new.stage, null, 'deployment:' || new.id, new.deployed_run_id::text, '',
            jsonb_build_object(
                'title', format('%s was deployed', new.partition_key), 'url', new.url,
                'text', format('Run #%s deployed commit %s.', v_number, left(new.deployed_sha, 12))
            )
        );
    end if;
    return null;
end
$$;
comment on function ops_private.tell_environment is 'Tells forge and people what an environment serves.';
revoke all on function ops_private.tell_environment from public;
