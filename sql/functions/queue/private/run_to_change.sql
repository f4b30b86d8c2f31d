-- Returns a run that the caller may cancel or repeat, and locks its row. Raises PT404 with the same message for a run
-- that does not exist and for one that the caller may not know of, and PT403.
create or replace function ops_private.run_to_change(
    p_run_id uuid
)
returns ops.runs
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    if not found or not ops.has_permission(v_run.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    perform ops_private.require_run(
        v_run.project_id, v_run.kind, (select e.stage from ops.environments as e where e.id = v_run.environment_id)
    );
    select r.* into v_run from ops.runs as r where r.id = p_run_id for no key update;
    return v_run;
end
$$;
comment on function ops_private.run_to_change is 'A run that the caller may cancel or repeat.';
revoke all on function ops_private.run_to_change from public;
