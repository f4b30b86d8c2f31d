-- Evaluates the gates again that a name decided: whose release it authored, or which it approved. Fired by person_aliases.
-- Locks the gates; raises nothing.
-- Definer: who changes a name may not write gates.
create or replace function ops_private.note_person_alias()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_aliases text[] := array[
        case when tg_op <> 'INSERT' then old.alias end, case when tg_op <> 'DELETE' then new.alias end
    ];
begin
    perform ops_private.evaluate_gate_row(g.id)
    from (
        select o.id from ops.release_gates as o
        where exists (
            select from ops.approvals as a
            join ops.release_gates as d on d.id = a.gate_id
            where
                a.release_id = o.release_id and (a.gate_id = o.id or d.is_distinct and o.gate_code in ('G2', 'G3'))
                and (
                    ops_private.fold_name(a.approver_id) = any (v_aliases)
                    or ops_private.fold_name(a.release_author) = any (v_aliases)
                )
        )
        order by o.release_id, o.gate_code
    ) as g;
    return null;
end
$$;
comment on function ops_private.note_person_alias is 'Judges the gates again that a name decided.';
revoke all on function ops_private.note_person_alias from public;
