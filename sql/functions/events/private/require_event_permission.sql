-- Refuses a caller who may not send events of this type. Called by accept_event, before it reveals anything of
-- projects. Locks nothing; raises PT403.
create or replace function ops_private.require_event_permission(
    p_project_id uuid,
    p_envelope jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_permission text := case p_envelope ->> 'event_type'
        when 'build_complete' then 'ingest_build'
        when 'gate_signoff' then
            case p_envelope ->> 'gate_code' when 'G3' then 'sign_off_g3' else 'sign_off_g2' end
        else 'deploy'
    end;
begin
    if not ops.has_permission(p_project_id, v_permission) then
        raise sqlstate 'PT403' using
            message = format('You may not tell of %s', p_envelope ->> 'event_type'),
            hint = (
                select format('It takes one of these roles: %s.', string_agg(r.role, ', ' order by r.role))
                from ops.roles as r
                where v_permission = any (r.permissions)
            );
    end if;
end
$$;
comment on function ops_private.require_event_permission is 'Refuses who may not tell events of this type.';
revoke all on function ops_private.require_event_permission from public;
