-- The personas of a release, as roles of the server: PostgREST takes them from a token's claim, a direct login is made a
-- member of one. What each may do is said once, in ops.roles, for personas and memberships alike.
do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'ci_service_role', 'qa_tester', 'release_manager', 'sre', 'developer', 'audit_reader'
    ] loop
        begin
            execute format('create role %I nologin', v_role);
        exception when duplicate_object or unique_violation then null; -- roles belong to the server: another database made it
        end;
        execute format('grant usage on schema ops to %I', v_role);
        begin
            execute format('grant %I to authenticator', v_role);
        exception when undefined_object or insufficient_privilege then null; -- no PostgREST here, or its roles are not ours to grant
        end;
        begin
            execute format('grant usage on schema auth to %I', v_role);
        exception when insufficient_privilege then null; -- Supabase grants its own schema
        end;
    end loop;
end $$;

create table ops.roles (
    role text primary key check (role <> ''),
    permissions text[] not null check (permissions <@ array[
        'read', 'queue_build', 'queue', 'queue_production', 'manage', 'archive', 'ingest_build', 'sign_off_g2',
        'sign_off_g3', 'grant_exception', 'promote', 'deploy', 'record_incident', 'drill', 'backup', 'restore', 'audit'
    ]),
    description text not null check (description <> '')
);
comment on table ops.roles is 'What each membership role and each persona may do.';
comment on column ops.roles.role is 'A label of ops.membership_role, or the name of a persona''s database role.';

insert into ops.roles (role, permissions, description) values
('viewer', '{read}', 'Member who reads'),
('developer', '{read,queue_build,queue}', 'Queues development and staging work; as a persona in every project'),
(
    'admin', '{read,queue_build,queue,queue_production,manage,backup,restore}',
    'Member who manages members, policies and environments'
),
(
    'owner', '{read,queue_build,queue,queue_production,manage,archive,backup,restore}',
    'Member who may archive the project'
),
('ci_service_role', '{read,queue_build,ingest_build}', 'The build pipeline: reports builds, queues builds, reads runs'),
('qa_tester', '{read,sign_off_g2}', 'Signs off gate G2 on staging'),
('release_manager', '{read,sign_off_g3,grant_exception,promote}', 'Decides gate G3, grants exceptions, promotes'),
('sre', '{read,deploy,record_incident,drill,backup,restore}', 'Deploys, restores, runs drills, keeps incidents'),
('audit_reader', '{read,audit}', 'Reads everything and verifies chains');
