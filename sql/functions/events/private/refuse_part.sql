-- Refuses an entry of a list that is no object, or whose texts are missing, empty or over 2000 characters. Called by
-- functions that read envelopes. Locks nothing; raises PT400 naming the part.
create or replace function ops_private.refuse_part(
    p_list text,
    p_place int,
    p_entry jsonb,
    p_needed text[],
    p_texts text[]
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text;
begin
    if jsonb_typeof(p_entry) <> 'object' then
        perform ops_private.refuse_field(format('%s[%s]', p_list, p_place), 'must be an object');
    end if;
    foreach v_name in array p_texts loop
        if v_name = any (p_needed) and coalesce(p_entry ->> v_name, '') = '' then
            perform ops_private.refuse_field(format('%s[%s].%s', p_list, p_place, v_name), 'is missing');
        elsif coalesce(jsonb_typeof(p_entry -> v_name), 'null') not in ('string', 'null')
            or length(p_entry ->> v_name) > 2000 then
            perform ops_private.refuse_field(
                format('%s[%s].%s', p_list, p_place, v_name), 'must be a text of at most 2000 characters'
            );
        end if;
    end loop;
end
$$;
comment on function ops_private.refuse_part is 'Refuses an entry of a list that is not well-formed.';
revoke all on function ops_private.refuse_part from public;
