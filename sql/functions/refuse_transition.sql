-- Refuses a change of a run's state that is not drawn, whoever makes it. Fired by ops.runs. Raises PT409.
-- Claims may start at once: such a run passes through claimed at the instant it starts.
create or replace function ops.refuse_transition()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    if old.status is distinct from new.status and not (
        (old.status = 'queued' and new.status in ('claimed', 'canceled'))
        or (old.status = 'queued' and new.status = 'running' and new.started_at = new.claimed_at
            and new.attempt = old.attempt + 1)
        or (old.status = 'claimed' and new.status in ('running', 'failed', 'canceled'))
        or (old.status = 'running' and new.status in ('succeeded', 'failed', 'canceled'))
        or (old.status in ('claimed', 'running') and new.status = 'queued' and old.attempt < old.max_attempts)
    ) then
        raise sqlstate 'PT409' using
            message = format('Run #%s cannot go from %s to %s', old.run_number, old.status, new.status),
            hint = 'queued - claimed - running - succeeded, failed or canceled; back to queued only while attempts are left.';
    end if;
    return new;
end
$$;
comment on function ops.refuse_transition is 'Refuses a state change that is not drawn.';
revoke all on function ops.refuse_transition from public;
