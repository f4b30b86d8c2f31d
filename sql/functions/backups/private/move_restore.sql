-- Moves a restore to a state, with what p_restore says of it, and returns it: the only writer of a restore's state. Sets
-- the state's time. Called by functions that locked its run and decided on the change. Raises check_violation for a
-- failure without a reason.
create or replace function ops_private.move_restore(
    p_restore ops.restores,
    p_to ops.restore_status
)
returns ops.restores
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_restore ops.restores;
begin
    update ops.restores as s
    set status = p_to, attempt = p_restore.attempt, database_name = p_restore.database_name,
        previous_database_name = p_restore.previous_database_name,
        keep_previous_until = p_restore.keep_previous_until, report = p_restore.report,
        error_message = p_restore.error_message,
        started_at = case p_to when 'running' then v_now else s.started_at end,
        finished_at = case when p_to in ('succeeded', 'failed') then v_now end
    where s.id = p_restore.id
    returning s.* into v_restore;
    return v_restore;
end
$$;
comment on function ops_private.move_restore is 'Moves a restore to a state.';
revoke all on function ops_private.move_restore from public;
