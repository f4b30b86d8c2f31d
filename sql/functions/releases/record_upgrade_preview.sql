-- Records a finished upgrade preview with its report and returns it; its restore ends with it. A preview has one row,
-- written when everything was looked at, so that nobody reads half a report. Called by step upgrade. Locks the run's row.
-- Raises PT404, PT410, PT409 for a run of another kind, PT400 for invalid values and for evidence of another run. A
-- retry returns the first row.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_upgrade_preview(
    p_run_id uuid,
    p_attempt int,
    p_engine text,
    p_source_series text,
    p_target_series text,
    p_source_digest text,
    p_image_digest text,
    p_git_sha text,
    p_verdict text,
    p_summary text,
    p_seconds numeric,
    p_downtime_seconds numeric,
    p_new_errors int,
    p_new_warnings int,
    p_evidence_id uuid,
    p_report jsonb
)
returns ops.upgrade_previews
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_preview ops.upgrade_previews;
begin
    select u.* into v_preview from ops.upgrade_previews as u where u.run_id = v_run.id;
    if found then
        return v_preview;
    elsif v_run.kind <> 'upgrade' then
        raise sqlstate 'PT409' using
            message = format('Run #%s is a %s, no upgrade preview', v_run.run_number, v_run.kind),
            hint = 'Ask for one: ops upgrade preview.';
    elsif not exists (select from ops.evidence_artifacts as e where e.id = p_evidence_id and e.run_id = v_run.id) then
        raise sqlstate 'PT400' using
            message = 'A preview shows evidence of its own run',
            hint = 'Record its report first: ops.record_evidence.';
    end if;
    insert into ops.upgrade_previews (
        project_id, environment_id, run_id, backup_id, engine, source_series, target_series, source_digest,
        image_digest, git_sha, verdict, summary, seconds, downtime_seconds, new_errors, new_warnings, evidence_id, report
    )
    select
        v_run.project_id, v_run.environment_id, v_run.id, s.backup_id, p_engine, p_source_series, p_target_series,
        p_source_digest, p_image_digest, p_git_sha, p_verdict, p_summary, p_seconds, p_downtime_seconds, p_new_errors,
        p_new_warnings, p_evidence_id, p_report
    from ops.restores as s
    where s.run_id = v_run.id
    returning * into v_preview;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Run #%s has no copy to preview on', v_run.run_number),
            hint = 'Start it first: ops.record_restore_start.';
    end if;
    perform ops.record_restore_end(
        p_run_id, p_attempt, p_database_name => 'scratch', p_report => jsonb_build_object('verdict', p_verdict)
    );
    return v_preview;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No upgrade preview may have these values', detail = sqlerrm,
        hint = 'The verdict is green, yellow or red, the build a sha256: digest, the commit 40 hexadecimal digits.';
end
$$;
comment on function ops.record_upgrade_preview is 'Notes what an upgrade would do.';
revoke all on function ops.record_upgrade_preview from public;
grant execute on function ops.record_upgrade_preview to service_role, ops_worker;
