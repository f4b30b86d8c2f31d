-- Returns the hash of an envelope's content; for one that is too large to be written out, only of its
-- hash code. Raises nothing.
create or replace function ops_private.envelope_sha256(
    p_envelope jsonb,
    p_text text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select encode(sha256(convert_to(
    coalesce(p_text, 'too large: ' || jsonb_hash_extended(p_envelope, 0), 'null'), 'UTF8'
)), 'hex')
$$;
comment on function ops_private.envelope_sha256 is 'The name of an envelope by its content.';
revoke all on function ops_private.envelope_sha256 from public;
