-- Returns the digest of what the approvers of a release are shown, as shown_of says it: of all of it, or of what a
-- rehearsal tried, which is all but rehearsals themselves.
-- Called by shown_digest and by the functions of rehearsals. Locks and raises nothing.
create or replace function ops_private.digest_of_shown(
    p_release_id uuid,
    p_at timestamptz default 'infinity',
    p_with_rehearsal boolean default true
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select encode(sha256(convert_to((case
    when p_with_rehearsal then ops_private.shown_of(p_release_id, p_at)
    else ops_private.shown_of(p_release_id, p_at) - 'rehearsal'
end)::text, 'UTF8')), 'hex')
$$;
comment on function ops_private.digest_of_shown is
'The digest of what approvers are shown, or of what a rehearsal tried.';
revoke all on function ops_private.digest_of_shown from public;
