-- Returns the key of the person by which a decision is signed, once the signed statement says this decision on what is
-- shown now. Whether the signature is true is for who can compute it: `ops gate sign-off` before, a promotion and `ops
-- release verify` after. Called by sign_off_gate. Locks the key, so that it is not withdrawn meanwhile. Raises PT400 for
-- what is no envelope, PT403 for a key that is not the person's or was withdrawn, PT409 for another statement.
create or replace function ops_private.key_of_signature(
    p_release ops.releases,
    p_gate_code ops.ops_gate_code,
    p_decision ops.ops_decision_type,
    p_approver text,
    p_signature jsonb
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_said jsonb;
    v_key ops.person_keys;
begin
    begin
        v_said := convert_from(decode(p_signature ->> 'payload', 'base64'), 'UTF8')::jsonb;
    exception when data_exception then
        v_said := null;
    end;
    if jsonb_typeof(v_said) is distinct from 'object' or jsonb_array_length(p_signature -> 'signatures') is distinct from 1 then
        raise sqlstate 'PT400' using
            message = 'The signature is no DSSE envelope with one signature', column = 'signature',
            hint = 'Sign with: ops gate sign-off --sign.';
    end if;
    select k.* into v_key from ops.person_keys as k
    where k.key_id = p_signature #>> '{signatures,0,keyid}'
    for share;
    if not found or v_key.revoked_at is not null or v_key.person_id::text <> ops.person_of(p_approver) then
        raise sqlstate 'PT403' using
            message = format('%s has no key in force by this name', p_approver), column = 'signature',
            hint = 'Register it: ops person key add.';
    elsif (v_said #>> '{predicate,gate}', v_said #>> '{predicate,decision}', v_said #>> '{predicate,shown}')
        is distinct from (p_gate_code::text, p_decision::text, ops_private.digest_of_shown(p_release.id)) then
        raise sqlstate 'PT409' using
            message = 'What is signed is not this decision on what is shown now',
            hint = 'Look at it and sign again: ops release show, ops gate sign-off --sign.';
    end if;
    return v_key.id;
end
$$;
comment on function ops_private.key_of_signature is 'The key by which a decision is signed.';
revoke all on function ops_private.key_of_signature from public;
