-- Refuses an invalid change of a deployment's state, and sets the time of a valid one: the window of the health checks
-- starts at the end. Fired by deployments, for any writer. Locks nothing; raises PT409.
create or replace function ops_private.move_deployment()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.status <> old.status and not (
        old.status = 'pending' or old.status = 'running' and new.status <> 'pending'
    ) then
        raise sqlstate 'PT409' using
            message = format('A deployment cannot go from %s to %s', old.status, new.status),
            hint = 'pending - running - succeeded or failed.';
    end if;
    if new.status <> 'pending' then
        new.started_at := coalesce(new.started_at, clock_timestamp());
    end if;
    if new.status in ('succeeded', 'failed') then
        new.finished_at := coalesce(new.finished_at, clock_timestamp());
    end if;
    if new.status = 'succeeded' and new.g4_deadline_at is null then
        new.g4_deadline_at := new.finished_at + make_interval(secs => (
            select g.window_seconds from ops.release_gates as g
            where g.release_id = new.release_id and g.gate_code = 'G4'
        ));
    end if;
    return new;
end
$$;
comment on function ops_private.move_deployment is 'Refuses a state change of a deployment that is not drawn.';
revoke all on function ops_private.move_deployment from public;
