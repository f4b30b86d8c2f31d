-- Lists the persons that the caller is: by the token's subject or the login, and by the token's e-mail address. They are
-- one unless two people were declared. Called by functions that compare the caller. Locks and raises nothing.
create or replace function ops_private.caller_persons()
returns text[]
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select array(
    select distinct p.person
    from unnest(array[ops.caller_id(), ops.caller_claims() ->> 'email']) as n (name)
    cross join lateral ops.person_of(n.name) as p (person)
    where p.person is not null
)
$$;
comment on function ops_private.caller_persons is 'The persons that the caller is.';
revoke all on function ops_private.caller_persons from public;
