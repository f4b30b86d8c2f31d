-- Pins a tool to a version, and to an image by its digest, and returns it. An image without a digest is refused: its tag
-- may be another image tomorrow. What is null is none.
-- A pin says which version and image builds are to use and is kept with each build; it replaces no image by itself.
-- Called by `ops tool set`, /v1 and the console. Locks the tool's row. Raises PT403 for who may not, or names another,
-- and PT400 for values that no tool may have. A retry changes and records nothing.
-- Definer: callers may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.set_tool(
    p_name text,
    p_version text,
    p_docker_image text default null,
    p_digest text default null,
    p_config jsonb default '{}',
    p_set_by text default null
)
returns setof ops.tools
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_by text;
begin
    perform ops_private.require_platform_permission('pin_tool', 'You may not pin tools');
    v_by := ops_private.acting_person(p_set_by);
    insert into ops.tools as t (name, version, docker_image, digest, config, set_by)
    values (p_name, p_version, p_docker_image, p_digest, coalesce(p_config, '{}'), v_by)
    on conflict (name) do update
    set version = excluded.version, docker_image = excluded.docker_image, digest = excluded.digest,
        config = excluded.config, set_by = v_by, set_at = clock_timestamp()
    where (t.version, t.docker_image, t.digest, t.config)
        is distinct from (excluded.version, excluded.docker_image, excluded.digest, excluded.config);
    return query select t.* from ops.tools as t where t.name = p_name;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = format('Tool %s may not have these values', coalesce(p_name, 'null')), detail = sqlerrm,
        hint = 'A tool has a name and a version of at most 100 characters; an image has its digest besides, such as '
        || 'sha256:2c26….';
end
$$;
comment on function ops.set_tool is 'Pins a tool to a version and an image.';
revoke all on function ops.set_tool from public;
grant execute on function ops.set_tool to authenticated, service_role, ops_operator;
grant execute on function ops.set_tool
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
