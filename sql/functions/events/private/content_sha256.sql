-- Returns the hash of what an envelope says, without when; null for one that is not to be written out. Raises nothing.
create or replace function ops_private.content_sha256(
    p_envelope jsonb,
    p_text text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_text is not null and jsonb_typeof(p_envelope) = 'object'
        then encode(sha256(convert_to((p_envelope - 'occurred_at')::text, 'UTF8')), 'hex')
end
$$;
comment on function ops_private.content_sha256 is 'The name of an envelope by what it says.';
revoke all on function ops_private.content_sha256 from public;
