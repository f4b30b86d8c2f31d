-- Returns an envelope as text, or null if it must not be written out: a short number such as 1e9999 becomes ten
-- thousand digits, and parsers fail on thousands of levels. Locks and raises nothing.
create or replace function ops_private.envelope_text(p_envelope jsonb)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if pg_column_size(p_envelope) > 1048576 or p_envelope @? 'strict $.**{33}' or p_envelope @? 'strict $.** ? (
        @.type() == "number" && (@ > 1e18 || @ < -1e18 || (@ != 0 && @ < 1e-18 && @ > -1e-18))
    )' then
        return null;
    end if;
    return p_envelope::text;
exception when program_limit_exceeded or statement_too_complex then
    return null;
end
$$;
comment on function ops_private.envelope_text is 'An envelope written out, unless nobody should.';
revoke all on function ops_private.envelope_text from public;
