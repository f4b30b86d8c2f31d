-- Writes down what a person decided about a listed orphan; the janitor's next round carries it out. A later decision
-- replaces one that is still pending.
-- Called by `ops env orphans`. Locks the orphan's row. Raises PT404 for what is not listed. Repeating it is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.decide_orphan(
    p_kind ops.orphan_kind,
    p_name text,
    p_decision ops.orphan_decision,
    p_decided_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.orphans as o
    set decision = p_decision, decided_by = coalesce(p_decided_by, ops.caller_id(), ops.caller_role()),
        decided_at = clock_timestamp(), refusal = null
    where o.kind = p_kind and o.name = p_name;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no orphan %s', p_name), hint = 'List them: ops env orphans list.';
    end if;
end
$$;
comment on function ops.decide_orphan is 'Writes down what a person wants done with an orphan.';
revoke all on function ops.decide_orphan from public;
grant execute on function ops.decide_orphan to service_role, ops_operator;
