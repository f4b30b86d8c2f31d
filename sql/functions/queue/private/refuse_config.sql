-- Refuses a config with a field that runs of the kind do not take, with a value of another type, with a field that
-- takes a permission which the caller does not have, or one that is too large. A null is the same as no field. Called by
-- queue_run and enroll_run. Locks nothing. Raises PT400 and PT403, which name the field and the permission.
create or replace function ops_private.refuse_config(
    p_project_id uuid,
    p_kind ops.run_kind,
    p_config jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    c_most_bytes constant int := 256 * 1024;
    v_given record;
    v_kinds text;
    v_permissions text;
begin
    if coalesce(p_config, '{}') = '{}' then
        return;
    elsif jsonb_typeof(p_config) <> 'object' or octet_length(p_config::text) > c_most_bytes then
        raise sqlstate 'PT400' using
            message = 'The config of a run is a JSON object of at most 256 kB',
            hint = 'ops.run_config_fields lists its fields.';
    end if;
    for v_given in
        select g.key, jsonb_typeof(g.value) as json_type, f.json_type as wanted, f.permissions
        from jsonb_each(p_config) as g (key, value)
        left join ops.run_config_fields() as f on f.kind = p_kind and f.field = g.key
        where jsonb_typeof(g.value) <> 'null'
    loop
        if v_given.wanted is null then
            select string_agg(f.kind::text, ', ' order by f.kind), string_agg(distinct array_to_string(f.permissions, ' or '), ', ')
            into v_kinds, v_permissions
            from ops.run_config_fields() as f
            where f.field = v_given.key;
            raise sqlstate 'PT400' using
                message = format('A %s run takes no %s in its config', p_kind, left(v_given.key, 100)),
                hint = coalesce(
                    'Runs of kind ' || v_kinds || ' take it, with permission ' || v_permissions || '.',
                    'ops.run_config_fields lists what runs take.'
                );
        elsif v_given.json_type <> v_given.wanted then
            raise sqlstate 'PT400' using
                message = format('%s in the config of a %s run is no %s', v_given.key, p_kind, v_given.wanted),
                hint = 'ops.run_config_fields lists the types.';
        elsif not exists (
            select from unnest(v_given.permissions) as p (name) where ops.has_permission(p_project_id, p.name)
        ) then
            raise sqlstate 'PT403' using
                message = format('You may not set %s in the config of a %s run', v_given.key, p_kind),
                hint = format('It takes permission %s.', array_to_string(v_given.permissions, ' or '));
        end if;
    end loop;
end
$$;
comment on function ops_private.refuse_config is
'Refuses a config that runs of the kind do not take, or the caller may not set.';
revoke all on function ops_private.refuse_config from public;
