-- Returns the template database of a key, or no row, and records its use. Called by step database. Locks the row. A
-- retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.touch_template(
    p_key text
)
returns setof ops.database_templates
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    update ops.database_templates as t set last_used_at = clock_timestamp()
    where t.key = p_key
    returning t.*;
end
$$;
comment on function ops.touch_template is 'The database kept for a key.';
revoke all on function ops.touch_template from public;
grant execute on function ops.touch_template to service_role, ops_worker;
