-- Records the result of the run's rehearsal and returns it; its restore ends with it, and the gates of people are judged
-- again, because how the rehearsal stands is shown to them where policy requires one.
-- Called by step rehearse. Locks the run's row and the gates. Raises PT404, PT410, PT409 for a rehearsal that was not
-- started or that ended otherwise, PT400 without a result. Repeating it with the same end is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_rehearsal_end(
    p_run_id uuid,
    p_attempt int,
    p_passed boolean,
    p_summary text
)
returns ops.rehearsals
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_rehearsal ops.rehearsals;
begin
    select h.* into v_rehearsal from ops.rehearsals as h where h.run_id = v_run.id;
    if v_rehearsal.passed = p_passed then
        return v_rehearsal;
    elsif v_rehearsal.id is null or v_rehearsal.finished_at is not null then
        raise sqlstate 'PT409' using
            message = format('The rehearsal of run #%s was not begun, or ended otherwise', v_run.run_number),
            hint = 'Ask for another one: ops promote --rehearse.';
    elsif p_passed is null or coalesce(p_summary, '') = '' then
        raise sqlstate 'PT400' using
            message = 'A rehearsal passed or did not, and says what it found', hint = 'Set p_passed and p_summary.';
    end if;
    update ops.rehearsals as h
    set finished_at = clock_timestamp(), passed = p_passed, summary = p_summary
    where h.id = v_rehearsal.id
    returning h.* into v_rehearsal;
    perform ops.record_restore_end(
        p_run_id, p_attempt,
        p_error_message => case when not p_passed then p_summary end,
        p_database_name => case when p_passed then 'scratch' end
    );
    perform ops_private.evaluate_gate_row(g.id)
    from ops.release_gates as g
    where g.release_id = v_rehearsal.release_id and g.gate_code in ('G2', 'G3')
    order by g.gate_code;
    return v_rehearsal;
end
$$;
comment on function ops.record_rehearsal_end is 'Notes what a rehearsal found.';
revoke all on function ops.record_rehearsal_end from public;
grant execute on function ops.record_rehearsal_end to service_role, ops_worker;
