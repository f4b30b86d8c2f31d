-- Sets one of a project's settings, or removes it where the value is null, and records the change. Returns the value
-- before, null if there was none. The keys and values are those of odooops.yaml; the caller checks them.
-- Called by `ops project set`, `ops project unset` and admins. Locks the project's row. Raises PT404, PT403 and PT400.
-- A retry changes and records nothing.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.set_project_setting(
    p_slug text,
    p_key text,
    p_value jsonb default null,
    p_changed_by text default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_value jsonb := nullif(p_value, 'null');
    v_by text := coalesce(case when ops.is_platform() then p_changed_by end, ops.caller_id(), ops.caller_role());
    v_old jsonb;
begin
    select p.id into v_project_id from ops.projects as p where p.slug = p_slug for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    perform ops_private.require_permission(v_project_id, 'manage');
    select s.value into v_old from ops.project_settings as s where s.project_id = v_project_id and s.key = p_key;
    if v_old is not distinct from v_value then
        return v_old;
    end if;
    delete from ops.project_settings as s where s.project_id = v_project_id and s.key = p_key;
    insert into ops.project_settings (project_id, key, value, set_by)
    select v_project_id, p_key, v_value, v_by where v_value is not null;
    insert into ops.project_setting_changes (project_id, key, old_value, new_value, changed_by)
    values (v_project_id, p_key, v_old, v_value, v_by);
    return v_old;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No project may have this setting', detail = sqlerrm,
        hint = 'A key is as in odooops.yaml, with dots: odoo.options.limit_time_real.';
end
$$;
comment on function ops.set_project_setting is 'Sets or removes one of a project''s settings.';
revoke all on function ops.set_project_setting from public;
grant execute on function ops.set_project_setting to authenticated, service_role, ops_operator;
