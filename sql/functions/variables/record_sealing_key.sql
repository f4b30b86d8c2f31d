-- Records that the platform has the private half of a key: values are sealed for it from now on. A key that is new while
-- values are sealed for another one is refused, unless p_gives_up says that those have to be set again. Called by `ops
-- up`. Locks the key's row. Raises PT400 for what is no such key, PT409 for a new one. Repeating it is harmless.
-- Definer: the platform's logins execute this but may not write tables themselves.
create or replace function ops.record_sealing_key(
    p_public_key bytea,
    p_gives_up boolean default false
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not p_gives_up and exists (select from ops.sealed_values as s where s.public_key <> p_public_key)
        and not exists (select from ops.sealing_keys as k where k.public_key = p_public_key) then
        raise sqlstate 'PT409' using
            message = 'The record has values of variables that this key does not open',
            hint = 'Bring secrets/sealing-key back from a copy; without one: ops up --new-sealing-key, and set them again.';
    end if;
    insert into ops.sealing_keys (public_key) values (p_public_key)
    on conflict (public_key) do update set recorded_at = clock_timestamp();
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'This is no public key', hint = 'Give the 32 bytes of an X25519 key.';
end
$$;
comment on function ops.record_sealing_key is 'Notes for which key values are sealed.';
revoke all on function ops.record_sealing_key from public;
grant execute on function ops.record_sealing_key to service_role, ops_worker, ops_operator;
