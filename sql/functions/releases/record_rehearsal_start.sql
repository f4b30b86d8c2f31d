-- Records the start of the run's rehearsal, with the digest of what the release is now, and returns it; a later attempt
-- begins an unfinished one again. The first attempt's restore says from which backup.
-- Called by step rehearse, after record_restore_start. Locks the run's row. Raises PT404, PT410, and PT409 for another
-- kind of run, a rehearsal that has ended, and what refuse_rehearsal refuses. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_rehearsal_start(
    p_run_id uuid,
    p_attempt int
)
returns ops.rehearsals
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_release ops.releases;
    v_rehearsal ops.rehearsals;
begin
    select r.* into v_release
    from ops.run_requests as q
    join ops.releases as r on r.id::text = q.config ->> 'release_id' and r.project_id = q.project_id
    where q.run_id = v_run.id and v_run.kind = 'rehearse';
    if not found then
        raise sqlstate 'PT409' using
            message = format('Run #%s rehearses no release of its project', v_run.run_number),
            hint = 'Ask for a rehearsal: ops promote --rehearse.';
    end if;
    perform ops_private.refuse_rehearsal(v_release, v_run.environment_id);
    insert into ops.rehearsals as h (project_id, release_id, environment_id, run_id, backup_id, shown_digest)
    values (
        v_run.project_id, v_release.id, v_run.environment_id, v_run.id,
        (select s.backup_id from ops.restores as s where s.run_id = v_run.id),
        ops_private.digest_of_shown(v_release.id, p_with_rehearsal => false)
    )
    on conflict (run_id) do update
    set started_at = clock_timestamp(), phases = '{}', backup_id = excluded.backup_id,
        shown_digest = excluded.shown_digest
    where h.finished_at is null
    returning h.* into v_rehearsal;
    if not found then
        raise sqlstate 'PT409' using
            message = format('The rehearsal of run #%s has ended', v_run.run_number),
            hint = 'Ask for another one: ops promote --rehearse.';
    end if;
    return v_rehearsal;
end
$$;
comment on function ops.record_rehearsal_start is 'Notes that the attempt rehearses a promotion.';
revoke all on function ops.record_rehearsal_start from public;
grant execute on function ops.record_rehearsal_start to service_role, ops_worker;
