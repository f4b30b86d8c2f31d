-- Adds a name to a person; gates that the name decided are judged again. Called by `ops person alias` and the service
-- role. Locks the gates. Raises PT404 for the person, PT400 for a name that is empty, PT409 for another person's name.
-- Repeating it is harmless.
-- Definer: nobody may write people directly; only the service role may execute this.
create or replace function ops.add_person_alias(
    person_id uuid,
    alias text,
    kind ops.alias_kind,
    p_created_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_alias text := ops_private.fold_name(add_person_alias.alias);
    v_owner uuid;
begin
    if not exists (select from ops.people as p where p.id = add_person_alias.person_id) then
        raise sqlstate 'PT404' using message = 'There is no such person', hint = 'List them: ops person list.';
    elsif v_alias is null or add_person_alias.kind is null then
        raise sqlstate 'PT400' using
            message = 'A name has visible characters and a kind', hint = 'A kind is email, subject, login or forge.';
    end if;
    insert into ops.person_aliases (alias, person_id, kind, spelling, created_by)
    values (
        v_alias, add_person_alias.person_id, add_person_alias.kind, add_person_alias.alias,
        coalesce(p_created_by, ops.caller_id(), ops.caller_role())
    )
    on conflict (alias) do nothing;
    select a.person_id into v_owner from ops.person_aliases as a where a.alias = v_alias;
    if v_owner is distinct from add_person_alias.person_id then
        raise sqlstate 'PT409' using
            message = format('%s is the name of %s', add_person_alias.alias, (
                select p.name from ops.people as p where p.id = v_owner
            )),
            hint = 'Take it from there first: ops person unalias.';
    end if;
end
$$;
comment on function ops.add_person_alias is 'Adds a name to a person.';
revoke all on function ops.add_person_alias from public;
grant execute on function ops.add_person_alias to service_role;
