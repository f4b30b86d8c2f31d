-- Queues a retention run for each project that is due, and returns the runs. Called by the backup_retention schedule.
-- Locks the projects' counters. Raises nothing. A repeat within the hour, by p_now, finds the runs queued.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.queue_due_retention(
    p_now timestamptz default clock_timestamp()
)
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_key text := 'platform:retention ' || to_char(p_now at time zone 'UTC', 'YYYY-MM-DD"T"HH24');
begin
    if ops.is_unconfirmed() then
        return;
    end if;
    for v_project_id in select d.id from ops_private.projects_due_for_retention(p_now) as d (id) loop
        continue when exists (
            select from ops.run_requests as q where q.project_id = v_project_id and q.idempotency_key = v_key
        );
        return next ops.apply_retention(
            v_project_id, p_requested_by => 'schedule backup_retention', p_idempotency_key => v_key,
            p_trigger => 'schedule'
        );
    end loop;
end
$$;
comment on function ops.queue_due_retention is 'Queues the retention runs that are due.';
revoke all on function ops.queue_due_retention from public;
grant execute on function ops.queue_due_retention to service_role, ops_worker;
