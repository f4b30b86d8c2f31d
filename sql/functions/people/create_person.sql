-- Creates a person and returns the id; names are added with ops.add_person_alias.
-- Called by `ops person create` and the service role. Locks nothing; raises PT400 without a name. A retry creates another.
-- Definer: nobody may write people directly; only the service role may execute this.
create or replace function ops.create_person(
    name text,
    p_created_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    insert into ops.people (name, created_by)
    values (create_person.name, coalesce(p_created_by, ops.caller_id(), ops.caller_role()))
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using message = 'A person has a name', hint = 'Pass what people call the person.';
end
$$;
comment on function ops.create_person is 'Creates a person.';
revoke all on function ops.create_person from public;
grant execute on function ops.create_person to service_role;
