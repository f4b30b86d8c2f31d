-- Deletes the row of a template database, and returns whether there was one. Called by whoever drops the database. A
-- retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.forget_template(
    p_database_name text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from ops.database_templates as t where t.database_name = p_database_name;
    return found;
end
$$;
comment on function ops.forget_template is 'Forgets a kept database.';
revoke all on function ops.forget_template from public;
grant execute on function ops.forget_template to service_role, ops_worker;
