-- Records how far the run's retention has come: the policy was applied for p_planned_at, and the store holds nothing of
-- what was dropped up to p_swept_at (null: a part of it waits for a later turn).
-- Called by step apply_policy. Locks the run's row and the project's counter. Raises PT404, PT410, and PT409 for a run
-- of another kind. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_retention(
    p_run_id uuid,
    p_attempt int,
    p_planned_at timestamptz,
    p_swept_at timestamptz default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
begin
    if v_run.kind <> 'retention' then
        raise sqlstate 'PT409' using
            message = format('Run #%s applies no retention: it is a %s run', v_run.run_number, v_run.kind),
            hint = 'Queue one that does: ops backup retention.';
    end if;
    update ops.project_counters as c
    set retention_planned_at = greatest(c.retention_planned_at, p_planned_at),
        retention_swept_at = greatest(c.retention_swept_at, p_swept_at)
    where c.project_id = v_run.project_id;
end
$$;
comment on function ops.record_retention is 'Notes how far a project''s retention has come.';
revoke all on function ops.record_retention from public;
grant execute on function ops.record_retention to service_role, ops_worker;
