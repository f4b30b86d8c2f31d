-- Returns the SHA-256 of all that the approvers of a release are shown now, or were at a moment: its version, the commit
-- of every repository and submodule, image, packages, the newest result of each check of its build, and where policy
-- requires one, how its rehearsal stands. An approval counts while this is what it was when the person decided.
-- Called by anyone who may read the release. Locks nothing. Raises PT404.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked.
create or replace function ops.shown_digest(
    release_id uuid,
    p_at timestamptz default 'infinity'
)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases := ops_private.require_release(shown_digest.release_id);
begin
    return ops_private.digest_of_shown(v_release.id, p_at);
end
$$;
comment on function ops.shown_digest is 'The digest of all that the approvers of a release are shown.';
revoke all on function ops.shown_digest from public;
grant execute on function ops.shown_digest to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.shown_digest
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
