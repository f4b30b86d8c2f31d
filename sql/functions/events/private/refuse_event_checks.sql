-- Refuses malformed checks of an event: each needs a unique name and a status. Locks nothing; raises
-- PT400 naming the part.
create or replace function ops_private.refuse_event_checks(p_checks jsonb)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_check jsonb;
    v_place int := 0;
    v_names text[] := '{}';
begin
    if coalesce(jsonb_typeof(p_checks), 'null') = 'null' then
        return;
    elsif jsonb_array_length(p_checks) > 500 then
        perform ops_private.refuse_field('checks', 'must have at most 500 entries');
    end if;
    for v_check in select c.value from jsonb_array_elements(p_checks) as c loop
        perform ops_private.refuse_part('checks', v_place, v_check, '{name,status}', '{name,status,summary}');
        if ops_private.check_status_of(v_check ->> 'status') is null then
            perform ops_private.refuse_field(format('checks[%s].status', v_place), 'must be pass, fail or skipped');
        elsif coalesce(jsonb_typeof(v_check -> 'metadata'), 'object') not in ('object', 'null') then
            perform ops_private.refuse_field(format('checks[%s].metadata', v_place), 'must be an object');
        elsif v_check ->> 'name' = any (v_names) then
            perform ops_private.refuse_field(format('checks[%s].name', v_place), 'must not come twice');
        end if;
        v_names := v_names || (v_check ->> 'name');
        v_place := v_place + 1;
    end loop;
end
$$;
comment on function ops_private.refuse_event_checks is 'Refuses checks of an event that are not well-formed.';
revoke all on function ops_private.refuse_event_checks from public;
