-- Records a person's decision about an orphan that was carried out, and returns the decision's number.
-- Called by the janitor. Locks nothing. Raises PT400 for invalid values. A retry records it again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_orphan_decision(
    p_kind ops.orphan_kind,
    p_name text,
    p_decision ops.orphan_decision,
    p_reason text,
    p_decided_by text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id bigint;
begin
    insert into ops.orphan_decisions as d (kind, name, decision, reason, decided_by)
    values (p_kind, p_name, p_decision, p_reason, coalesce(p_decided_by, ops.caller_id(), ops.caller_role()))
    returning d.id into v_id;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No decision may have these values', detail = sqlerrm,
        hint = 'A decision has a kind, a name and a reason.';
end
$$;
comment on function ops.record_orphan_decision is 'Writes down what a person decided about an orphan.';
revoke all on function ops.record_orphan_decision from public;
grant execute on function ops.record_orphan_decision to service_role, ops_worker;
