-- Returns the first label of an environment's host name: feature-visits--shop. The part before the first two dashes is the
-- branch's, and has no two dashes itself, so that no branch of another project gets the same. With p_hashed, or where the
-- readable form is no good label, a part of a hash tells apart what would read the same. Two characters before the dashes
-- would make a label of IDNA (RFC 5890, section 2.3.1), of which xn-- is one.
-- Called by choose_host_label. Locks and raises nothing.
create or replace function ops_private.host_label(
    p_slug text,
    p_branch text,
    p_hashed boolean default false
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_hashed or length(s.slug) in (0, 2) or length(s.slug || '--' || p_slug) > 63
        then rtrim(left(coalesce(nullif(s.slug, ''), 'branch'), 22), '-') || '-'
            || left(encode(sha256(convert_to(p_slug || '/' || p_branch, 'UTF8')), 'hex'), 8)
            || '--' || rtrim(left(p_slug, 30), '-')
    else s.slug || '--' || p_slug
end
from (
    select btrim(regexp_replace(lower(p_branch collate "C"), '[^a-z0-9]+', '-', 'g'), '-') as slug
) as s
$$;
comment on function ops_private.host_label is 'The first label of an environment''s host name.';
revoke all on function ops_private.host_label from public;
