-- Returns a name as it is compared: NFKC, case-folded, trimmed, single spaces, without characters that nobody sees. Null
-- for a name without visible characters. Called by functions that compare people. Locks and raises nothing. PL/pgSQL
-- plans a statement when it runs, so that a server without a collation does not fail: without both, what the database's
-- own locale knows is folded.
create or replace function ops_private.fold_name(p_name text)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := regexp_replace(
        normalize(p_name, nfkc),
        '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
        || '\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]', '', 'g'
    );
    v_collations text[] := array(
        select c.collname from pg_collation as c
        where c.collname in ('pg_unicode_fast', 'und-x-icu') and c.collnamespace = 'pg_catalog'::regnamespace
    );
begin
    if 'pg_unicode_fast' = any (v_collations) then -- PostgreSQL 18 has it; others have ICU, unless built without
        v_name := lower(upper(v_name collate "pg_unicode_fast") collate "pg_unicode_fast");
    elsif 'und-x-icu' = any (v_collations) then
        v_name := lower(upper(v_name collate "und-x-icu") collate "und-x-icu");
    else
        v_name := lower(upper(v_name));
    end if;
    return nullif(btrim(regexp_replace(normalize(v_name, nfkc), '[\s\u0085\u1680\u2028\u2029]+', ' ', 'g')), '');
end
$$;
comment on function ops_private.fold_name is 'A name as it is compared.';
revoke all on function ops_private.fold_name from public;
