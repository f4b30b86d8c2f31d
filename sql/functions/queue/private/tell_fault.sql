-- Opens an alarm when a run ended by a fault of the platform, one for the runs of a kind in a project, and closes it when
-- such a run succeeds. p_run is the run as it ended. A refused commit is nobody's alarm; a drill, a promotion and a run that never
-- started open another one. Called by settle_end. A retry changes nothing.
create or replace function ops_private.tell_fault(
    p_run ops.runs,
    p_key text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_run.fault = 'platform' and p_run.starts > 0 and p_run.kind not in ('drill', 'promote') then
        perform ops.raise_alarm(
            p_key, format('Runs of kind %s fail by a fault of the platform', p_run.kind),
            format('Run #%s: %s. Next: ops doctor, then ops run retry.', p_run.run_number, p_run.error_message),
            p_project_id => p_run.project_id
        );
    elsif p_run.status = 'succeeded' then
        perform ops.clear_alarm(p_key, format('Run #%s succeeded.', p_run.run_number));
    end if;
end
$$;
comment on function ops_private.tell_fault is 'Opens and closes the alarm of the platform''s own faults.';
revoke all on function ops_private.tell_fault from public;
