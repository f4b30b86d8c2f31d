-- Inserts a key and returns it, which nothing does again. Called by create_event_key and rotate_event_key. The secret has
-- 244 random bits, so one round of SHA-256 protects it. Locks nothing; raises PT403 for an operator's key that signs off
-- gates, and what the table's checks raise.
create or replace function ops_private.write_event_key(
    p_name text,
    p_persona text,
    p_event_types text[],
    p_expires_at timestamptz,
    p_project_id uuid,
    p_approver_id text,
    p_created_by text,
    p_rotated_from uuid,
    p_user_id uuid,
    p_scopes text[]
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_prefix text := left(replace(gen_random_uuid()::text, '-', ''), 12);
    v_key text := format('opsk_%s_%s', v_prefix, encode(
        sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'
    ));
    v_sent text := encode(sha256(convert_to(v_key, 'UTF8')), 'hex');
begin
    if ('gate_signoff' = any (p_event_types) or p_scopes && array['sign_off_g2', 'sign_off_g3', 'grant_exception'])
        and cardinality(ops.caller_jobs()) > 0 then
        raise sqlstate 'PT403' using
            message = 'A key that signs off gates decides for a person: no login of the platform makes one',
            hint = 'Make it as the schema''s owner: ODOOOPS_MIGRATE_URL.';
    end if;
    return query
    insert into ops.event_keys as k (
        prefix, key_sha256, name, persona, event_types, project_id, approver_id, created_by, expires_at, rotated_from,
        user_id, scopes
    )
    values (
        v_prefix, encode(sha256(convert_to(v_sent, 'UTF8')), 'hex'), p_name, p_persona, p_event_types, p_project_id,
        p_approver_id, p_created_by, p_expires_at, p_rotated_from, p_user_id, p_scopes
    )
    returning k.id, v_key;
end
$$;
comment on function ops_private.write_event_key is 'Writes a key down by its hash.';
revoke all on function ops_private.write_event_key from public;
