-- Refuses an inconsistent run and an invalid change of its state, from any writer. Fired by ops.runs.
-- Raises PT409 for the change, check_violation for the rest. It replaces check constraints and a trigger's condition,
-- which every statement would parse again and which cost a twelfth of a run's lifetime.
create or replace function ops_private.check_run_invariants()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    -- a claim may start the run at once: then it goes from queued to running
    if tg_op = 'UPDATE' and old.status <> new.status and not (
        (old.status = 'queued' and new.status in ('claimed', 'canceled'))
        or (old.status = 'queued' and new.status = 'running' and new.started_at = new.claimed_at
            and new.attempt = old.attempt + 1 and new.starts = old.starts + 1)
        or (old.status = 'claimed' and new.status in ('failed', 'canceled'))
        or (old.status = 'claimed' and new.status = 'running' and new.starts = old.starts + 1)
        or (old.status = 'running' and new.status in ('succeeded', 'failed', 'canceled'))
        or (old.status in ('claimed', 'running') and new.status = 'queued' and old.starts < old.max_attempts)
    ) then
        raise sqlstate 'PT409' using
            message = format('Run #%s cannot go from %s to %s', old.run_number, old.status, new.status),
            hint = 'queued - claimed - running - succeeded, failed or canceled; back to queued only while attempts are left.';
    elsif new.starts not between 0 and least(new.attempt, new.max_attempts)
        or new.max_attempts not between 1 and 100 then
        raise check_violation using
            message = 'A run has 1 to 100 attempts, and begins no more often than it is claimed and than it has attempts';
    elsif new.status in ('claimed', 'running') and (new.claimed_by is null or new.lease_expires_at is null) then
        raise check_violation using message = 'Who works holds a lease';
    elsif (new.finished_at is not null) <> (new.status in ('succeeded', 'failed', 'canceled')) then
        raise check_violation using message = 'An end has its time, and nothing else has';
    elsif new.status = 'succeeded' and new.exit_code is distinct from 0 then
        raise check_violation using message = 'Success is exit code 0';
    elsif new.fault is not null and (new.status <> 'failed' or new.fault not in ('project', 'platform')) then
        raise check_violation using message = 'A failed run is the fault of the project or of the platform';
    end if;
    return new;
end
$$;
comment on function ops_private.check_run_invariants is 'Refuses an inconsistent run and an invalid change of state.';
revoke all on function ops_private.check_run_invariants from public;
