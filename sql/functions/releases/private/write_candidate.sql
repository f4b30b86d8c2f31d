-- Inserts the release of a run's build, with its gates, and returns it. Its author is who pushed, else who committed,
-- else whom policy names. Called by propose_release, which locks the run and the project. Raises PT409 for a version
-- that exists with another content, and what the table's checks raise.
create or replace function ops_private.write_candidate(
    p_run ops.runs,
    p_git_shas jsonb,
    p_image_digest text,
    p_lock_digest text,
    p_author text
)
returns ops.releases
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_version text := ops_private.next_version((p_run).project_id, (p_run).git_ref);
    v_pusher text := (
        select q.requested_by from ops.run_requests as q where q.run_id = (p_run).id and (p_run).trigger = 'push'
    );
    v_release ops.releases;
begin
    insert into ops.releases (
        project_id, version, git_shas, image_digest, created_by, run_id, git_ref, lock_digest
    )
    values (
        (p_run).project_id, v_version, p_git_shas, p_image_digest,
        ops_private.release_author((p_run).project_id, coalesce(nullif(v_pusher, ''), nullif(p_author, ''))), (p_run).id,
        (p_run).git_ref, nullif(p_lock_digest, '')
    )
    on conflict (project_id, version) do nothing
    returning * into v_release;
    if not found then
        raise sqlstate 'PT409' using
            message = format('There is already a release %s, made of something else', v_version),
            hint = 'A release never changes, and its tag never moves: name another one.';
    end if;
    perform ops_private.make_gates(v_release);
    perform ops_private.evaluate_gate_row(g.id) from ops.release_gates as g where g.release_id = v_release.id;
    perform ops_private.write_event((p_run).id, 'info', 'release ' || v_version, jsonb_build_object(
        'release_id', v_release.id, 'version', v_version, 'git_shas', p_git_shas
    ));
    return v_release;
end
$$;
comment on function ops_private.write_candidate is 'Writes the release of a run''s build down.';
revoke all on function ops_private.write_candidate from public;
