-- The persona sre makes projects and pins tools through every door, each by a permission of its own: so far the
-- operator's command alone did, on the platform's machine.
alter table ops.roles drop constraint roles_permissions_check;
alter table ops.roles add constraint roles_permissions_check check (permissions <@ array[
    'read', 'queue_build', 'queue', 'queue_production', 'manage', 'archive', 'ingest_build', 'sign_off_g2',
    'sign_off_g3', 'grant_exception', 'promote', 'deploy', 'record_incident', 'drill', 'backup', 'restore', 'audit',
    'create_project', 'pin_tool'
]);
update ops.roles set permissions = permissions || '{create_project,pin_tool}'
where role in ('sre', 'ops_operator');
update ops.roles set description = 'Deploys, restores, runs drills, keeps incidents, makes projects, pins tools'
where role = 'sre';

-- They reach every page and every build's evidence; a row of before stays as it is until it is next set.
alter table ops.tools add constraint tools_have_readable_names check (
    name ~ '^[^[:cntrl:]]{1,100}$' and version ~ '^[^[:cntrl:]]{1,100}$'
    and docker_image ~ '^[^[:cntrl:][:space:]@]{1,255}$'
) not valid;

-- It takes the first owner, and in whose name it is made.
drop function if exists ops.create_project(text, text, text, text, text, boolean, jsonb);
