-- Returns in words what a run waits for that could start: a free worker, or one that lives at all: a worker is heard of
-- every few seconds.
-- Called by v_run_queue. Locks and raises nothing.
-- Definer: workers serve every project, so only the platform reads them; this tells only when the last one was heard of.
create or replace function ops.worker_to_wait_for()
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select case
    when max(w.last_seen_at) < clock_timestamp() - interval '2 minutes'
        then format(
            'a worker: none was heard of since %s UTC',
            to_char(max(w.last_seen_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
        )
    else 'a free worker'
end
from ops.workers as w
$$;
comment on function ops.worker_to_wait_for is 'What a run waits for that could start.';
revoke all on function ops.worker_to_wait_for from public;
grant execute on function ops.worker_to_wait_for to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.worker_to_wait_for
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
