-- Refuses an import that the caller may not make, or whose series or items are none. Called by
-- ops.import_upgrade_advisories. Raises PT404, PT403 and PT400.
create or replace function ops_private.require_advisory_import(
    p_project_id uuid,
    p_from_version text,
    p_to_version text,
    p_items jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_project_id is not null then
        perform ops_private.require_permission(p_project_id, 'manage');
    else
        perform ops_private.require_platform_permission(
            'manage', 'You may not import advisories for every project', 'Name a project that you administer.'
        );
    end if;
    if p_from_version !~ '^\d{1,3}\.\d$' or p_to_version !~ '^\d{1,3}\.\d$'
        or string_to_array(p_from_version, '.')::int[] >= string_to_array(p_to_version, '.')::int[]
    then
        raise sqlstate 'PT400' using
            message = format('%s to %s is no way up', p_from_version, p_to_version),
            hint = 'Name two series, the older first, such as 18.0 and 19.0.';
    end if;
    -- 17.0, the largest so far, has 43,000
    if jsonb_typeof(p_items) is distinct from 'array' or jsonb_array_length(p_items) > 100000 then
        raise sqlstate 'PT400' using
            message = 'The advisories are no list of at most 100,000',
            hint = 'Split the source by the pair of series.';
    end if;
end
$$;
comment on function ops_private.require_advisory_import is 'Refuses an import of advisories that may not be made.';
revoke all on function ops_private.require_advisory_import from public;
