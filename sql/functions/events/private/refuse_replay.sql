-- Refuses a new event that is older than the log's memory: it may be a repeat whose first delivery was forgotten. A
-- project younger than that has forgotten nothing. Called by accept_event for keys that the log does not know. Locks
-- nothing; raises PT400.
create or replace function ops_private.refuse_replay(
    p_project_id uuid,
    p_occurred_at timestamptz
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days int := (ops_private.rules_in_force(p_project_id, 'ttl') ->> 'ingest_days')::int;
    v_forgotten timestamptz := statement_timestamp() - make_interval(days => v_days);
begin
    if p_occurred_at < v_forgotten and exists (
        select from ops.projects as p where p.id = p_project_id and p.created_at < v_forgotten
    ) then
        raise sqlstate 'PT400' using
            message = format('occurred_at must not be older than %s days', v_days), column = 'occurred_at',
            hint = 'Older deliveries are forgotten, and this may be one of them; the policy is ttl.ingest_days.';
    end if;
end
$$;
comment on function ops_private.refuse_replay is 'Refuses an event that may be a forgotten repeat.';
revoke all on function ops_private.refuse_replay from public;
