-- Refuses a field of an envelope, by its name. Called by functions that read envelopes. Always raises PT400.
create or replace function ops_private.refuse_field(
    p_field text,
    p_fault text
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    raise sqlstate 'PT400' using
        message = format('%s %s', p_field, p_fault), column = p_field,
        hint = 'The envelope is described by ops_private.envelope_fields().';
end
$$;
comment on function ops_private.refuse_field is 'Refuses a field of an envelope, by its name.';
revoke all on function ops_private.refuse_field from public;
