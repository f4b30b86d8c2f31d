-- Registers a person's public key and returns its id. Called by `ops person key add` and the service role, which computed
-- key_id of the key. Locks nothing. Raises PT404 for the person, PT409 for a key that is another person's or that was
-- withdrawn, PT400 for what is no key. Repeating it is harmless.
-- Definer: nobody may write keys directly; only the service role may execute this.
create or replace function ops.add_person_key(
    person_id uuid,
    key_id text,
    public_key text,
    p_created_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_key ops.person_keys;
begin
    if not exists (select from ops.people as p where p.id = add_person_key.person_id) then
        raise sqlstate 'PT404' using message = 'There is no such person', hint = 'List them: ops person list.';
    end if;
    insert into ops.person_keys (person_id, key_id, public_key, created_by)
    values (
        add_person_key.person_id, add_person_key.key_id, add_person_key.public_key,
        coalesce(p_created_by, ops.caller_id(), ops.caller_role())
    )
    on conflict (key_id) do nothing;
    select k.* into v_key from ops.person_keys as k where k.key_id = add_person_key.key_id;
    if v_key.person_id <> add_person_key.person_id or v_key.revoked_at is not null then
        raise sqlstate 'PT409' using
            message = 'This key is another person''s, or was withdrawn', hint = 'Make a new key for the person.';
    end if;
    return v_key.id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'It is no public key in PEM', hint = 'Make one: openssl genpkey -algorithm ed25519.';
end
$$;
comment on function ops.add_person_key is 'Registers a public key by which a person signs.';
revoke all on function ops.add_person_key from public;
grant execute on function ops.add_person_key to service_role;
