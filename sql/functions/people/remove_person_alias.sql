-- Takes a name from its person and returns whether it had one; gates that the name decided are judged again. Called by
-- `ops person unalias` and the service role. Locks the gates; raises nothing. Repeating it is harmless.
-- Definer: nobody may write people directly; only the service role may execute this.
create or replace function ops.remove_person_alias(alias text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from ops.person_aliases as a where a.alias = ops_private.fold_name(remove_person_alias.alias);
    return found;
end
$$;
comment on function ops.remove_person_alias is 'Takes a name from its person.';
revoke all on function ops.remove_person_alias from public;
grant execute on function ops.remove_person_alias to service_role;
