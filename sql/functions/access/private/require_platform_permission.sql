-- Refuses a caller without the permission for the whole platform: what is asked for belongs to no project. Members have
-- permissions in their projects only; a persona has its own, the platform's operator those of ops_operator.
-- Called by functions about every project. p_hint says what the caller may do instead; without it, who may.
-- Locks nothing. Raises PT403.
create or replace function ops_private.require_platform_permission(
    p_permission text,
    p_message text,
    p_hint text default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if not ops.has_permission(null, p_permission) then
        raise sqlstate 'PT403' using message = p_message, hint = coalesce(p_hint, ops_private.who_may(p_permission));
    end if;
end
$$;
comment on function ops_private.require_platform_permission is
'Refuses the caller who may not do this for the whole platform.';
revoke all on function ops_private.require_platform_permission from public;
