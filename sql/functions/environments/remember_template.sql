-- Records a database as the template for its key. Called by step database. Raises PT404, PT410, and PT409 if another
-- database has the key. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.remember_template(
    p_run_id uuid,
    p_attempt int,
    p_key text,
    p_series text,
    p_database_name text,
    p_modules text[],
    p_tests jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := ops_private.require_attempt(p_run_id, p_attempt);
begin
    insert into ops.database_templates as t (key, series, database_name, modules, tests, built_by_run)
    values (p_key, p_series, p_database_name, p_modules, coalesce(p_tests, '{}'), p_run_id)
    on conflict do nothing;
    if not exists (
        select from ops.database_templates as t where t.key = p_key and t.database_name = p_database_name
    ) then
        raise sqlstate 'PT409' using
            message = format('Another database is kept for the same modules of Odoo %s', p_series),
            hint = format('Drop %s and start from the kept one.', p_database_name);
    end if;
end
$$;
comment on function ops.remember_template is 'Keeps a database to start previews from.';
revoke all on function ops.remember_template from public;
grant execute on function ops.remember_template to service_role, ops_worker;
