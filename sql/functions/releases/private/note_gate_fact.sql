-- Evaluates the gate of a new fact, and the deployment whose health the fact is about.
-- Fired by approvals, checks and exceptions. Locks the deployment's row, then the gate's. Raises nothing.
-- Definer: a caller who records a fact may not write gates.
create or replace function ops_private.note_gate_fact()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_table_name = 'gate_checks' then
        perform ops_private.settle_health(new.deployment_id);
    end if;
    perform ops_private.evaluate_gate_row(new.gate_id);
    return null;
end
$$;
comment on function ops_private.note_gate_fact is 'Judges the gate of a fact that was just told.';
revoke all on function ops_private.note_gate_fact from public;
