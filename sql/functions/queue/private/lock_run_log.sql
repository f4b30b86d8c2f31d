-- Lets one transaction at a time add lines to a run's log, so that ids become visible in their order: whoever follows a log
-- asks for the lines after the last one seen, and would never see a smaller id that is committed later.
-- Called by the RPCs that add lines. Locks the run's request, which nothing else changes, to the transaction's end; raises
-- nothing.
create or replace function ops_private.lock_run_log(p_run_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.run_requests as q where q.run_id = p_run_id for no key update;
end
$$;
comment on function ops_private.lock_run_log is 'Lets one transaction at a time add lines to a run''s log.';
revoke all on function ops_private.lock_run_log from public;
