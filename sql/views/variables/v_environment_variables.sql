-- Shows which variables each living environment gets, and from where: its own before its stage's, and these before the
-- project's. The only place that decides it.
create view ops.v_environment_variables
with (security_invoker = true) as
select distinct on (e.id, v.name)
    e.id as environment_id,
    v.id as variable_id,
    v.project_id,
    v.name,
    case
        when v.environment_id is not null then 'environment'
        when v.stage is not null then 'stage'
        else 'project'
    end as place,
    v.set_by,
    v.set_at
from ops.environments as e
join ops.variables as v
    on
        v.project_id = e.project_id
        and (v.environment_id = e.id or (v.environment_id is null and coalesce(v.stage, e.stage) = e.stage))
where e.destroyed_at is null
order by e.id, v.name, v.environment_id nulls last, v.stage nulls last;
comment on view ops.v_environment_variables is 'Which variables each environment gets, and from where.';
comment on column ops.v_environment_variables.place is 'Where it is set: environment, stage or project.';
revoke all on ops.v_environment_variables from public, anon;
grant select on ops.v_environment_variables to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_environment_variables to qa_tester, release_manager, sre, developer, audit_reader;
