-- Records the end of the attempt's restore: failed with p_error_message, else succeeded, into p_database_name. The
-- report of a successful clone lists what was made harmless. Called by steps restore, clone and drill. Locks the run's
-- row. Raises PT404, PT410, PT409 for a restore of another run or one that ended otherwise, PT400 for a success without
-- its proof. Repeating it with the same end is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_restore_end(
    p_run_id uuid,
    p_attempt int,
    p_error_message text default null,
    p_database_name text default null,
    p_previous_database_name text default null,
    p_keep_previous_until timestamptz default null,
    p_report jsonb default '{}'
)
returns ops.restores
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_status ops.restore_status := case when p_error_message is null then 'succeeded' else 'failed' end;
    v_restore ops.restores;
begin
    select s.* into v_restore from ops.restores as s where s.run_id = v_run.id and s.attempt = p_attempt;
    if v_restore.status = v_status then
        return v_restore;
    elsif v_restore.status is distinct from 'running' then
        raise sqlstate 'PT409' using
            message = format('The restore of run #%s is %s and cannot become %s', v_run.run_number,
                coalesce(v_restore.status::text, 'not started by this attempt'), v_status),
            hint = 'pending - running - succeeded or failed; start it with ops.record_restore_start.';
    elsif v_status = 'succeeded' and (
        p_database_name is null or (v_restore.purpose = 'clone' and coalesce(p_report, '{}') = '{}')
    ) then
        raise sqlstate 'PT400' using
            message = 'A restore that succeeded names its database, and a clone reports what was made harmless',
            hint = 'Pass p_database_name and p_report.';
    end if;
    v_restore.error_message := p_error_message;
    v_restore.database_name := p_database_name;
    v_restore.previous_database_name := p_previous_database_name;
    v_restore.keep_previous_until := p_keep_previous_until;
    v_restore.report := coalesce(p_report, '{}');
    v_restore := ops_private.move_restore(v_restore, v_status);
    perform ops_private.write_event(
        p_run_id, case v_status when 'failed' then 'error' else 'info' end::ops.event_type,
        format('%s %s', v_restore.purpose, v_status) || coalesce(': ' || p_error_message, ''),
        jsonb_strip_nulls(jsonb_build_object('restore_id', v_restore.id, 'database', p_database_name))
    );
    return v_restore;
end
$$;
comment on function ops.record_restore_end is 'Notes how the attempt''s restore ended.';
revoke all on function ops.record_restore_end from public;
grant execute on function ops.record_restore_end to service_role, ops_worker;
