-- Returns the person of a name as one text: the person's id, or the name as it is compared if nobody declared it.
-- Two names are one person's if the results are equal; null and invisible names are nobody's, null.
-- Called by everything that compares people, also by views. Locks and raises nothing.
-- Definer: callers compare names of people whose aliases they may not read.
create or replace function ops.person_of(p_name text)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_alias text := ops_private.fold_name(p_name);
begin
    return coalesce((select a.person_id::text from ops.person_aliases as a where a.alias = v_alias), v_alias);
end
$$;
comment on function ops.person_of is 'The person of a name, to compare names by.';
revoke all on function ops.person_of from public;
grant execute on function ops.person_of to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.person_of
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
