-- Lists the sealed values of the variables that an environment's Odoo gets, each with the place for which it is sealed:
-- those of its own, of its stage and of its project, and none of another stage. Called by the worker when it starts that
-- Odoo. Locks and raises nothing.
-- Definer: nobody reads sealed values but through this.
create or replace function ops.environment_values(
    p_environment_id uuid
)
returns table (
    name text, project_id uuid, stage ops.environment_stage, environment_id uuid, public_key bytea, sealed bytea
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select v.name, v.project_id, v.stage, v.environment_id, s.public_key, s.sealed
from ops.v_environment_variables as a
join ops.variables as v on v.id = a.variable_id
join ops.sealed_values as s on s.id = v.value_id
where a.environment_id = p_environment_id
order by v.name
$$;
comment on function ops.environment_values is 'The sealed values that an environment''s Odoo gets.';
revoke all on function ops.environment_values from public;
grant execute on function ops.environment_values to service_role, ops_worker;
