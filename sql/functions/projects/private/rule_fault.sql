-- Returns the fault of a rule's value, or null if it is valid. Locks and raises nothing.
create or replace function ops_private.rule_fault(
    p_kind text,
    p_value jsonb,
    p_minimum int,
    p_maximum int
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := jsonb_typeof(p_value);
begin
    if p_kind = 'boolean' then
        return case when v_type <> 'boolean' then 'is true or false' end;
    elsif p_kind = 'integer' then
        if v_type <> 'number' or p_value::numeric <> trunc(p_value::numeric)
            or p_value::numeric not between p_minimum and p_maximum then
            return format('is a whole number from %s to %s', p_minimum, p_maximum);
        end if;
        return null;
    elsif p_kind = 'text' then
        return case
            when v_type <> 'string' or length(p_value #>> '{}') > p_maximum
                then format('is a text of at most %s characters', p_maximum)
        end;
    elsif p_kind like 'one of %' then
        if v_type <> 'string' or p_value #>> '{}' <> all (string_to_array(substr(p_kind, length('one of ') + 1), ', ')) then
            return 'is ' || p_kind;
        end if;
        return null;
    elsif p_kind = 'columns' then
        if v_type <> 'object' or (select count(*) from jsonb_object_keys(p_value)) > p_maximum or exists (
            select from jsonb_each(p_value) as c
            where c.key !~ '^[^.]+(\.[^.]+){1,2}$' or jsonb_typeof(c.value) <> 'string'
                or c.value #>> '{}' !~ '^(keep|delete_rows|truncate|value:.+)$'
        ) then
            return format('says of up to %s columns, as table.column, keep, delete_rows, truncate or value:...', p_maximum);
        end if;
        return null;
    elsif v_type <> 'array' then
        return 'is a list';
    elsif jsonb_array_length(p_value) not between p_minimum and p_maximum then
        return format('has %s to %s entries', p_minimum, p_maximum);
    elsif p_kind = 'destinations' then
        return (select min(ops_private.destination_fault(d.value)) from jsonb_array_elements(p_value) as d);
    elsif p_kind = 'windows' then
        return (select min(ops_private.window_fault(w.value)) from jsonb_array_elements(p_value) as w);
    elsif exists (
        select from jsonb_array_elements(p_value) as n
        where jsonb_typeof(n.value) <> 'string' or btrim(n.value #>> '{}') = ''
    ) or (select count(*) <> count(distinct n.value) from jsonb_array_elements(p_value) as n) then
        return 'is a list of different names';
    end if;
    return null;
end
$$;
comment on function ops_private.rule_fault is 'What is wrong with the value of a rule, if anything is.';
revoke all on function ops_private.rule_fault from public;
