-- Lists the checks of an event by name, with the one that its own status is recorded as. Called by refuse_envelope.
-- Locks and raises nothing for checks that are well-formed.
create or replace function ops_private.event_check_names(p_envelope jsonb)
returns text[]
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case p_envelope ->> 'event_type'
    when 'build_complete' then '{build}'::text[] || n.names
    when 'health_check' then '{health}'::text[] || n.names
    else '{}'
end
from (
    select array(
        select c.value ->> 'name'
        from jsonb_array_elements(
            case jsonb_typeof(p_envelope -> 'checks') when 'array' then p_envelope -> 'checks' else '[]' end
        ) as c
    ) as names
) as n
$$;
comment on function ops_private.event_check_names is 'The checks of an event, by name.';
revoke all on function ops_private.event_check_names from public;
