-- Shows which variables are set where, and never a value.
create view ops.v_variables
with (security_invoker = true) as
select
    v.id,
    v.project_id,
    p.slug as project_slug,
    v.name,
    case
        when v.environment_id is not null then 'environment'
        when v.stage is not null then 'stage'
        else 'project'
    end as place,
    v.stage,
    v.environment_id,
    e.branch,
    v.set_by,
    v.set_at
from ops.variables as v
join ops.projects as p on p.id = v.project_id
left join ops.environments as e on e.id = v.environment_id;
comment on view ops.v_variables is 'Which variables are set, and where.';
comment on column ops.v_variables.place is 'Where it is set: environment, stage or project.';
revoke all on ops.v_variables from public, anon;
grant select on ops.v_variables to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_variables to qa_tester, release_manager, sre, developer, audit_reader;
