-- Returns whether the release's promotion to production was prepared, all that it was prepared with is still there, and
-- no deployment to production began since: a person's go is all that is missing.
-- Called by v_promotion_eligibility and by anyone who may read the release. Locks nothing. Raises PT404.
-- Definer: who may read releases but no deployments, such as CI, learns only whether one followed; the caller's right to
-- read the project is checked.
create or replace function ops.waits_for_go(release_id uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases := ops_private.require_release(waits_for_go.release_id);
begin
    return v_release.prepared_at is not null
        and v_release.prepared_digest = ops_private.digest_of_shown(v_release.id)
        and not exists (
            select from ops.deployments as d
            where d.release_id = v_release.id and d.stage = 'production' and d.created_at > v_release.prepared_at
        );
end
$$;
comment on function ops.waits_for_go is 'Whether a prepared promotion waits for a person''s go.';
revoke all on function ops.waits_for_go from public;
grant execute on function ops.waits_for_go to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.waits_for_go
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
