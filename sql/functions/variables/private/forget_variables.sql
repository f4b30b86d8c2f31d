-- Removes an environment's own variables with their values: the next environment of its branch begins without. Called
-- when it is destroyed, by who holds its row. A retry is harmless.
create or replace function ops_private.forget_variables(
    p_environment_id uuid
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
with gone as (
    delete from ops.variables as v where v.environment_id = p_environment_id returning v.value_id
)
-- the reference is checked at the statement's end, after both
delete from ops.sealed_values as s using gone where s.id = gone.value_id
$$;
comment on function ops_private.forget_variables is 'Removes an environment''s own variables.';
revoke all on function ops_private.forget_variables from public;
