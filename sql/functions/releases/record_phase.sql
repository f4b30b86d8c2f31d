-- Records the seconds of a phase of the run's promotion or rehearsal; the newest attempt's counts. A rehearsal and a real
-- promotion are measured by the same words, so that a prediction can be compared. Called by steps promote and rehearse.
-- Locks the run's row. Raises PT404, PT410, PT409 for a run of another kind, PT400 for an unknown phase. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_phase(
    p_run_id uuid,
    p_attempt int,
    p_phase text,
    p_seconds numeric
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_phase jsonb := jsonb_build_object(p_phase, round(p_seconds, 3));
begin
    if p_seconds is null or p_seconds < 0 or coalesce(p_phase, '') not in ('backup', 'copy', 'update', 'health', 'start') then
        raise sqlstate 'PT400' using
            message = format('A promotion has no phase %s of %s seconds', p_phase, p_seconds),
            hint = 'Its phases are backup, copy, update, health and start.';
    end if;
    update ops.rehearsals as h set phases = h.phases || v_phase where h.run_id = v_run.id and v_run.kind = 'rehearse';
    if found then
        return;
    end if;
    -- a rollback that a failed promotion records names the same run
    update ops.deployments as d set phases = d.phases || v_phase
    where d.run_id = v_run.id and v_run.kind = 'promote' and not exists (
        select from ops.deployments as o where o.id = d.rollback_of and o.run_id = d.run_id
    );
    if not found then
        raise sqlstate 'PT409' using
            message = format('Run #%s promotes and rehearses nothing', v_run.run_number),
            hint = 'Promote a release: ops promote.';
    end if;
end
$$;
comment on function ops.record_phase is 'Notes what a phase of a promotion or rehearsal took.';
revoke all on function ops.record_phase from public;
grant execute on function ops.record_phase to service_role, ops_worker;
