-- Makes the release of a build, and returns it; no row for a build that makes none (ops_private.makes_release). A
-- build of what is a release of the branch or tag already, by commits and image, returns that one.
-- Called by asset image once the build is made. Locks the run, then the project, so that versions are counted one by
-- one.
-- Raises PT404 and PT410 for the attempt, PT400 for invalid values, and PT409 for a version that is made of something
-- else: a tag never moves. A retry returns the same release.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.propose_release(
    p_run_id uuid,
    p_attempt int,
    p_image_digest text,
    p_submodules jsonb default '{}',
    p_lock_digest text default null,
    p_author text default null
)
returns setof ops.releases
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_release ops.releases;
    v_shas jsonb;
begin
    if not ops_private.makes_release(v_run) then
        return;
    end if;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    v_shas := ops_private.commits_of(v_run, p_submodules);
    perform ops_private.refuse_shas(v_shas);
    select r.* into v_release from ops.releases as r
    where
        r.project_id = v_run.project_id and r.git_ref = v_run.git_ref and r.image_digest = p_image_digest
        and r.git_shas = v_shas and r.status <> 'withdrawn'
    order by r.created_at desc
    limit 1;
    if not found then
        v_release := ops_private.write_candidate(v_run, v_shas, p_image_digest, p_lock_digest, p_author);
    end if;
    return next v_release;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No release may have these values', detail = sqlerrm,
        hint = 'It takes an image''s digest, sha256:…, and the full commit of every submodule.';
end
$$;
comment on function ops.propose_release is 'Makes the release of a build, or returns the one that is the same.';
revoke all on function ops.propose_release from public;
grant execute on function ops.propose_release to service_role, ops_worker;
