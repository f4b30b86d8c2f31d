-- Records that a token's subject and its e-mail address are one person, so that the two are still one when only one of
-- them is named. Does nothing without both, or where two people were declared. Called by RPCs in which a person decides.
-- Locks the gates that the names decided; raises nothing. Repeating it is harmless.
create or replace function ops_private.recognise_caller()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := ops.caller_claims();
    v_subject text := ops_private.fold_name(v_claims ->> 'sub');
    v_email text := ops_private.fold_name(v_claims ->> 'email');
    v_person uuid;
begin
    if v_subject is null or v_email is null or v_claims ->> 'email_verified' = 'false' or (
        select count(*) from ops.person_aliases as a where a.alias in (v_subject, v_email)
    ) = 2 then
        return;
    end if;
    select a.person_id into v_person from ops.person_aliases as a where a.alias in (v_subject, v_email);
    if not found then
        insert into ops.people (name, created_by) values (v_claims ->> 'email', 'odooops') returning id into v_person;
    end if;
    insert into ops.person_aliases (alias, person_id, kind, spelling, created_by)
    values
    (v_subject, v_person, 'subject', v_claims ->> 'sub', 'odooops'),
    (v_email, v_person, 'email', v_claims ->> 'email', 'odooops')
    on conflict (alias) do nothing;
end
$$;
comment on function ops_private.recognise_caller is 'Records that a subject and an address are one person.';
revoke all on function ops_private.recognise_caller from public;
