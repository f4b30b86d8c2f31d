-- Evaluates the gate of a new fact, the deployment whose health the fact is about, and also, for a decision, the gate
-- with which it shares its persons, and, for a check of G1, the gates whose approvers were shown it.
-- Fired by approvals, checks and exceptions. Locks the deployment's row, then the gates', in their order. Raises
-- nothing.
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
    perform ops_private.evaluate_gate_row(g.id)
    from (
        select o.id
        from ops.release_gates as n
        join ops.release_gates as o on o.release_id = n.release_id
        where
            n.id = new.gate_id
            and (o.id = n.id or o.gate_code in ('G2', 'G3') and (
                n.is_distinct and tg_table_name = 'approvals' or n.gate_code = 'G1' and tg_table_name = 'gate_checks'
            ))
        order by o.gate_code
    ) as g;
    return null;
end
$$;
comment on function ops_private.note_gate_fact is 'Judges the gate of a fact that was just told.';
revoke all on function ops_private.note_gate_fact from public;
