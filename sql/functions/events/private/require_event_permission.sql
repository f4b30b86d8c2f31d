-- Refuses a sender who may not send events of this type: by the key's persona and scope, else by the caller's rights.
-- Called by accept_event, before it reveals anything of projects. Locks nothing; raises PT403.
create or replace function ops_private.require_event_permission(
    p_project_id uuid,
    p_envelope jsonb,
    p_key ops.event_keys
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := p_envelope ->> 'event_type';
    v_needed text[] := ops_private.event_permissions(v_type, coalesce(p_envelope ->> 'gate_code', 'none'));
begin
    if p_key.id is null then
        if ops.has_permission(p_project_id, v_needed[1]) then
            return;
        end if;
    elsif not v_type = any (p_key.event_types) or p_key.project_id <> p_project_id
        or (p_key.project_id is not null and p_project_id is null) then
        raise sqlstate 'PT403' using
            message = format('This key may not tell of %s in this project', v_type),
            hint = 'ops key list shows what each key may send; make another: ops key create.';
    elsif exists (select from ops.roles as r where r.role = p_key.persona and r.permissions && v_needed) then
        return;
    end if;
    raise sqlstate 'PT403' using
        message = format('You may not tell of %s', v_type),
        hint = (
            select format('It takes one of these roles: %s.', string_agg(r.role, ', ' order by r.role))
            from ops.roles as r
            where r.permissions && v_needed and r.role !~ '^ops_' -- people take no login of the platform
        );
end
$$;
comment on function ops_private.require_event_permission is 'Refuses who may not tell events of this type.';
revoke all on function ops_private.require_event_permission from public;
