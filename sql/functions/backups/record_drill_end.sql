-- Records the result of the drill and returns it; its restore ends with it. A passed drill has its RTO, its RPO and its
-- evidence of the run. Called by step drill. Locks the run's row.
-- Raises PT404, PT410, PT409 for a drill that was not started or that ended otherwise, PT400 for a pass without its
-- proof. Repeating it with the same end is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_drill_end(
    p_run_id uuid,
    p_attempt int,
    p_passed boolean,
    p_summary text,
    p_rto_seconds numeric default null,
    p_rpo_seconds numeric default null,
    p_evidence_id uuid default null,
    p_report jsonb default '{}'
)
returns ops.recovery_drills
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_drill ops.recovery_drills;
begin
    select d.* into v_drill from ops.recovery_drills as d where d.run_id = v_run.id;
    if v_drill.passed = p_passed then
        return v_drill;
    elsif v_drill.id is null or v_drill.finished_at is not null then
        raise sqlstate 'PT409' using
            message = format('The drill of run #%s was not begun, or ended otherwise', v_run.run_number),
            hint = 'Start it first: ops.record_drill_start.';
    elsif p_passed is null or p_passed and not exists (
        select from ops.evidence_artifacts as e where e.id = p_evidence_id and e.run_id = v_run.id
    ) then
        raise sqlstate 'PT400' using
            message = 'A drill passed or did not, and one that passed shows evidence of its own run',
            hint = 'Record its report first: ops.record_evidence.';
    end if;
    update ops.recovery_drills as d
    set finished_at = clock_timestamp(), passed = p_passed, summary = p_summary, rto_seconds = p_rto_seconds,
        rpo_seconds = p_rpo_seconds, evidence_id = p_evidence_id, report = coalesce(p_report, '{}')
    where d.id = v_drill.id
    returning d.* into v_drill;
    perform ops.record_restore_end(
        p_run_id, p_attempt,
        p_error_message => case when not p_passed then p_summary end,
        p_database_name => case when p_passed then 'scratch' end
    );
    return v_drill;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No drill may end with these values', detail = sqlerrm,
        hint = 'One that passed measured p_rto_seconds and p_rpo_seconds, neither below 0.';
end
$$;
comment on function ops.record_drill_end is 'Notes what trying a backup showed.';
revoke all on function ops.record_drill_end from public;
grant execute on function ops.record_drill_end to service_role, ops_worker;
