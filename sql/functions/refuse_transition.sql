-- Refuses a change of a run's state that is not drawn, whoever makes it. Fired by ops.runs. Always raises PT409.
create or replace function ops.refuse_transition()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    raise sqlstate 'PT409' using
        message = format('Run #%s cannot go from %s to %s', old.run_number, old.status, new.status),
        hint = 'queued - claimed - running - succeeded, failed or canceled; back to queued only while attempts are left.';
end
$$;
comment on function ops.refuse_transition is 'Refuses a state change that is not drawn.';
revoke all on function ops.refuse_transition from public;
