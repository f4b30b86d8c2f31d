-- Refuses scopes that whoever the key acts as can never have: such a key would only collect refusals. Called by
-- create_event_key; a key without a persona acts as a member. Locks nothing; raises PT400.
create or replace function ops_private.refuse_key_scopes(
    p_persona text,
    p_scopes text[]
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role text := coalesce(p_persona, 'owner');
    v_foreign text;
begin
    select string_agg(s.scope, ', ' order by s.scope) into v_foreign
    from unnest(p_scopes) as s (scope)
    where not exists (select from ops.roles as r where r.role = v_role and s.scope = any (r.permissions));
    if v_foreign is not null then
        raise sqlstate 'PT400' using
            message = format('A %s has no permission %s', coalesce(p_persona, 'member'), v_foreign),
            hint = (
                select format('Choose among: %s.', array_to_string(r.permissions, ', '))
                from ops.roles as r where r.role = v_role
            );
    end if;
end
$$;
comment on function ops_private.refuse_key_scopes is 'Refuses scopes that nobody with this role has.';
revoke all on function ops_private.refuse_key_scopes from public;
