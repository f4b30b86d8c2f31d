-- One login for three jobs was worth the whole platform: the gateway, which the network reaches, could set members and
-- policies, promote and drop backups. Each job gets a login of its own. A password, if any, is set by whoever runs the
-- server, as for ops_worker.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['ops_gateway', 'ops_operator'] loop
        begin
            execute format('create role %I login noinherit', v_role);
        exception when duplicate_object or unique_violation then null; -- roles belong to the server: another database made it
        end;
        execute format('grant usage on schema ops to %I', v_role);
    end loop;
end $$;
do $$
begin
    grant usage on schema auth to ops_operator;
exception when insufficient_privilege then null; -- Supabase grants its own schema
end $$;

insert into ops.roles (role, permissions, description) values
(
    'ops_gateway', '{read,ingest_build,deploy,record_incident}',
    'The login of the gateway: stores deliveries, and events that a key vouches for'
),
(
    'ops_worker',
    '{read,queue_build,queue,queue_production,ingest_build,deploy,record_incident,drill,backup,restore,audit}',
    'The login of the worker: claims, works on, ends and records runs, and queues those that are due'
),
(
    'ops_operator',
    '{read,queue_build,queue,queue_production,manage,archive,ingest_build,promote,deploy,record_incident,drill,backup,'
    'restore,audit}',
    'The login of the command ops: members, policies, promotions, projects and keys, in the name of people'
)
on conflict (role) do update set permissions = excluded.permissions, description = excluded.description;
