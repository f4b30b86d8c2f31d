-- Creates a release with its four gates and returns its id; the gates' rules are the policy's current ones.
-- Called by builds and by developers. Locks no rows of others.
-- Raises PT404, PT403, PT400 for invalid values, PT409 for an existing version with other content.
-- Repeating it with the same values returns the release.
-- Definer: nobody may write releases directly; the caller's permission is checked. The author is the caller: only a
-- machine, which cannot be an author, names another.
create or replace function ops.create_release(
    project_id uuid,
    version text,
    git_shas jsonb,
    image_digest text,
    p_created_by text default null,
    p_run_id uuid default null,
    p_notes text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases;
    v_author text;
begin
    perform ops_private.recognise_caller();
    v_author := ops_private.release_author(create_release.project_id, p_created_by);
    perform ops_private.refuse_shas(create_release.git_shas);
    insert into ops.releases (project_id, version, git_shas, image_digest, created_by, run_id, notes)
    values (
        create_release.project_id, create_release.version, create_release.git_shas, create_release.image_digest,
        v_author, p_run_id, p_notes
    )
    on conflict (project_id, version) do nothing
    returning * into v_release;
    if found then
        perform ops_private.make_gates(v_release);
        perform ops_private.evaluate_gate_row(g.id) from ops.release_gates as g where g.release_id = v_release.id;
        return v_release.id;
    end if;
    select r.* into v_release from ops.releases as r
    where r.project_id = create_release.project_id and r.version = create_release.version;
    if (v_release.git_shas, v_release.image_digest, v_release.run_id, v_release.notes)
        is distinct from (create_release.git_shas, create_release.image_digest, p_run_id, p_notes) then
        raise sqlstate 'PT409' using
            message = format('There is already a release %s', v_release.version),
            detail = format('It is made of %s, %s.', v_release.image_digest, v_release.git_shas),
            hint = 'A release never changes: choose another version.';
    end if;
    return v_release.id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No release may have these values', detail = sqlerrm,
        hint = 'It takes a version, the commit of every repository and an image''s digest, sha256:…; its run is of its project.';
end
$$;
comment on function ops.create_release is 'Creates a release with its four gates, or returns the one that is the same.';
revoke all on function ops.create_release from public;
grant execute on function ops.create_release to authenticated, service_role, ops_operator, ci_service_role, developer;
