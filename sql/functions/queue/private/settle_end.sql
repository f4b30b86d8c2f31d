-- Brings everything that depends on an ended run up to date, in the transaction that ends it: forge and people, the alarm
-- of the platform's faults, the run's unfinished data work, and the gates of its release unless it ended in the queue.
-- Returns true: an expression costs less than a statement. Called by every function that ends a run. Locks what it
-- changes. A retry changes nothing.
create or replace function ops_private.settle_end(
    p_run_id uuid,
    p_reason text,
    p_is_waiting boolean default false
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_concern ops.v_run_concerns;
    v_run ops.runs;
begin
    select c.* into v_concern from ops.v_run_concerns as c where c.run_id = p_run_id;
    if not (v_concern.moves_data or v_concern.changes_alarm or v_concern.has_release or v_concern.is_told) then
        return true; -- as most runs
    end if;
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    if v_concern.is_told then
        perform ops_private.tell_run(v_run);
    end if;
    if v_concern.changes_alarm then
        perform ops_private.tell_fault(v_run, v_concern.alarm_key);
    end if;
    if v_concern.moves_data then
        perform ops_private.end_data_work(p_run_id, p_reason);
    end if;
    if v_concern.has_release and not p_is_waiting then
        perform ops_private.tell_gates(v_run);
    end if;
    return true;
end
$$;
comment on function ops_private.settle_end is 'Brings what depends on an ended run up to date.';
revoke all on function ops_private.settle_end from public;
