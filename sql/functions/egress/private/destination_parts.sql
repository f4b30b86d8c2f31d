-- Reads a destination of policy egress: its name, which may begin with *., or its address, and its port if it has one.
-- An address is written in its usual form, one of IPv6 in brackets; 0x7f.1, 2130706433 and [::ffff:1.1.1.1] are neither
-- address nor name. The proxy reads destinations in the same way (tests/egress_places.py).
-- No row for what is no destination. Called by destination_fault and destination_place. Locks and raises nothing.
create or replace function ops_private.destination_parts(p_destination text)
returns table (name text, address inet, port int)
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_label constant text := '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
    v_parts text[] := regexp_match(p_destination, '^(\[[0-9a-f:]+\]|[^]:[]+)(?::([1-9][0-9]{0,4}))?$');
begin
    name := v_parts[1];
    port := v_parts[2];
    if name is null or length(name) > 253 or port > 65535 then
        return;
    end if;
    if name ~ '^\[' or name ~ '(^|\.)([0-9]+|0x[0-9a-f]*)$' then
        address := btrim(name, '[]')::inet;
        if name <> (case when family(address) = 6 then '[' || host(address) || ']' else host(address) end) then
            return;
        end if;
    elsif name !~ ('^(\*\.)?' || v_label || '(\.' || v_label || ')*$') then
        return;
    end if;
    return next;
exception when invalid_text_representation then
    return;
end
$$;
comment on function ops_private.destination_parts is 'What a destination of policy egress names.';
revoke all on function ops_private.destination_parts from public;
