-- Lists the members of each project and their permissions, under the name that seed B gives it.
create view ops.project_members
with (security_invoker = true) as
select
    m.project_id,
    p.slug as project_slug,
    m.user_id,
    m.role,
    r.permissions,
    m.created_at
from ops.project_memberships as m
join ops.projects as p on p.id = m.project_id
join ops.roles as r on r.role = m.role::text;
comment on view ops.project_members is 'Members of projects, with what their role allows.';
comment on column ops.project_members.project_slug is 'The project''s short name.';
comment on column ops.project_members.permissions is 'What the role allows, as ops.roles has it.';
revoke all on ops.project_members from public, anon;
grant select on ops.project_members to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.project_members to audit_reader;
